import { decodeJson, type KubernetesObject } from '@kubewright/api';
import { storedBytes } from '../../encoding/object-bytes.js';
import { decodeProtobuf, hasProtobufForm, protobufType } from '../../encoding/protobuf.js';
import { readStored, storedFieldsOf } from '../../kinds/upstream-stored.js';

const openingBrace = '{'.charCodeAt(0);
const closingBrace = '}'.charCodeAt(0);
const protobufMagic = Buffer.from('k8s\0');
const canonicalStart = Buffer.from('{"apiVersion":"');

/**
 * What a value of etcd is in the store: canonical JSON, at the version at which objects are stored here. Kubewright's
 * own values are that; kube-apiserver writes protobuf for most built-in kinds, JSON that ends in a line break, and a few
 * kinds at a former version. Whatever else it is (encrypted, of a kind that is not known here, nobody's object) stays as
 * it is.
 * @throws ApiError BadRequest for JSON or protobuf that makes no sense
 */
export function canonicalValue(value: Buffer): Buffer {
  if (value.subarray(0, protobufMagic.length).equals(protobufMagic)) return fromProtobuf(value);
  if (value[0] !== openingBrace || isCanonical(value)) return value;
  const object = decodeJson(value).value;
  return isKubernetesObject(object) ? storedBytes(readStored(object)) : value;
}

function fromProtobuf(value: Buffer): Buffer {
  const { apiVersion, kind } = protobufType(value);
  const version = storedFieldsOf(apiVersion, kind);
  if (!hasProtobufForm(version, kind)) return value;
  return storedBytes(readStored(decodeProtobuf(value, version).object as unknown as KubernetesObject));
}

function isKubernetesObject(value: unknown): value is KubernetesObject {
  const { apiVersion, kind, metadata } = value as Partial<KubernetesObject>;
  return typeof apiVersion === 'string' && typeof kind === 'string' && typeof metadata === 'object';
}

function isCanonical(value: Buffer): boolean {
  return value.at(-1) === closingBrace && value.subarray(0, canonicalStart.length).equals(canonicalStart);
}
