import { goJsonName } from '../../patch/json-object.js';

/** A webhook's answer as its types say, before anybody looks at what it means. */
export interface DecodedReview {
  readonly apiVersion: string;
  readonly kind: string;
  readonly response: DecodedResponse | undefined;
}

export interface DecodedResponse {
  readonly uid: string;
  readonly allowed: boolean;
  /** JSON text of the patch; empty for none. */
  readonly patch: string;
  readonly patchType: string | undefined;
  readonly status: { readonly [field: string]: unknown } | undefined;
  readonly warnings: readonly string[];
  readonly auditAnnotations: Readonly<Record<string, string>>;
}

const group = 'admission.k8s.io';

/** @param expected the version that was asked in @throws Error in the words of Go's decoder */
export function decodeReview(answer: unknown, expected: string): DecodedReview {
  if (answer === null) return { apiVersion: '', kind: '', response: undefined };
  if (!isRecord(answer))
    throw new Error(
      `couldn't get version/kind; json parse error: json: cannot unmarshal ${goJsonName(answer)} into Go value of type AdmissionReview`,
    );
  const apiVersion = text(answer, 'apiVersion', 'AdmissionReview');
  const kind = text(answer, 'kind', 'AdmissionReview');
  const isReview = kind === '' || (kind === 'AdmissionReview' && versions.includes(apiVersion));
  if (!isReview) throw new Error(`no kind "${kind}" is registered for version "${apiVersion}"`);
  if (apiVersion !== '' && apiVersion !== expected)
    throw new Error(
      `converting (${short(apiVersion)}.AdmissionReview) to (${short(expected)}.AdmissionReview): unknown conversion`,
    );
  const response = record(answer, 'response', 'AdmissionReview');
  return { apiVersion, kind, response: response && decodeResponse(response) };
}

const versions = [`${group}/v1`, `${group}/v1beta1`];

function short(apiVersion: string): string {
  return apiVersion.slice(apiVersion.indexOf('/') + 1);
}

function decodeResponse(response: Fields): DecodedResponse {
  const of = 'AdmissionResponse.response';
  const allowed = response.allowed ?? false;
  if (typeof allowed !== 'boolean') throw mismatch(allowed, `${of}.allowed`, 'bool');
  const { warnings = [], patchType } = response;
  if (warnings !== null && !isStrings(warnings)) throw mismatch(warnings, `${of}.warnings`, '[]string');
  return {
    ...{ uid: text(response, 'uid', of), allowed },
    patch: decodeBase64(text(response, 'patch', of)),
    patchType: patchType === undefined || patchType === null ? undefined : text(response, 'patchType', of),
    status: record(response, 'status', of),
    warnings: warnings ?? [],
    auditAnnotations: strings(record(response, 'auditAnnotations', of), `${of}.auditAnnotations`),
  };
}

type Fields = Readonly<Record<string, unknown>>;

function text(fields: Fields, name: string, of: string): string {
  const value = fields[name] ?? '';
  if (typeof value !== 'string') throw mismatch(value, `${of}.${name}`, 'string');
  return value;
}

function record(fields: Fields, name: string, of: string): Fields | undefined {
  const value = fields[name] ?? undefined;
  if (value === undefined || isRecord(value)) return value;
  throw mismatch(value, `${of}.${name}`, name === 'auditAnnotations' ? 'map[string]string' : 'object');
}

function strings(fields: Fields | undefined, at: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(fields ?? {}).map(([key, value]) => {
      if (typeof value !== 'string') throw mismatch(value, at, 'string');
      return [key, value];
    }),
  );
}

function decodeBase64(base64: string): string {
  const wrong = /[^A-Za-z0-9+/=\r\n]/.exec(base64);
  if (wrong !== null) throw new Error(`illegal base64 data at input byte ${wrong.index}`);
  return Buffer.from(base64, 'base64').toString('utf8');
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function mismatch(value: unknown, field: string, type: string): Error {
  return new Error(
    `json: cannot unmarshal ${goJsonName(value)} into Go struct field ${field} of type ${type}`,
  );
}
