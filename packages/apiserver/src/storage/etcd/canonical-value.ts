import { decodeJson, type KubernetesObject } from '@kubewright/api';
import { storedBytes } from '../../encoding/object-bytes.js';
import { decodeProtobuf } from '../../encoding/protobuf.js';

const openingBrace = '{'.charCodeAt(0);
const closingBrace = '}'.charCodeAt(0);
const protobufMagic = Buffer.from('k8s\0');
const canonicalStart = Buffer.from('{"apiVersion":"');

/**
 * What a value of etcd is in the store: canonical JSON. Kubewright's own values are that; kube-apiserver writes protobuf
 * for most built-in kinds, and JSON that ends in a line break. Whatever else it is (encrypted, or nobody's object) stays
 * as it is.
 * @throws ApiError BadRequest for JSON or protobuf that makes no sense
 */
export function canonicalValue(value: Buffer): Buffer {
  if (value.subarray(0, protobufMagic.length).equals(protobufMagic))
    return storedBytes(decodeProtobuf(value).object as unknown as KubernetesObject);
  if (value[0] !== openingBrace || isCanonical(value)) return value;
  const object = decodeJson(value).value;
  return isKubernetesObject(object) ? storedBytes(object) : value;
}

function isKubernetesObject(value: unknown): value is KubernetesObject {
  const { apiVersion, kind, metadata } = value as Partial<KubernetesObject>;
  return typeof apiVersion === 'string' && typeof kind === 'string' && typeof metadata === 'object';
}

function isCanonical(value: Buffer): boolean {
  return value.at(-1) === closingBrace && value.subarray(0, canonicalStart.length).equals(canonicalStart);
}
