import { decodeJson, JsonSyntaxError } from '@kubewright/api';

export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: Buffer;
}

/** Of an answer with this status, why it is none, in client-go's words; undefined where it is one. */
export function statusProblem({ status, contentType, body }: Answer): string | undefined {
  if (status >= 200 && status <= 206) return undefined;
  const text = body.toString('utf8', 0, 2048).trim();
  const told = statusMessage(text);
  if (told !== undefined) return told;
  // What is no text is not shown.
  const shown = contentType === '' || contentType.startsWith('text/') ? text : '';
  const known = status === 403 && shown !== '' ? shown : messages[status];
  if (known !== undefined) return known;
  return status >= 500
    ? `an error on the server (${JSON.stringify(shown === '' ? 'unknown' : shown)}) has prevented the request from succeeding`
    : `the server responded with the status code ${status} but did not return more information`;
}

/** What the JSON of an answer says. @throws Error in client-go's words */
export function readAnswer({ status, contentType, body }: Answer): unknown {
  if (body.length === 0)
    throw new Error(`0-length response with status code: ${status} and content type: ${contentType}`);
  try {
    return decodeJson(body).value;
  } catch (cause) {
    if (!(cause instanceof JsonSyntaxError)) throw cause;
    throw new Error(`couldn't get version/kind; json parse error: ${cause.message}`, { cause });
  }
}

const messages: Readonly<Record<number, string>> = {
  400: 'the server rejected our request for an unknown reason',
  401: 'the server has asked for the client to provide credentials',
  403: 'forbidden',
  404: 'the server could not find the requested resource',
  405: 'the server does not allow this method on the requested resource',
  409: 'the server reported a conflict',
  422: 'the server rejected our request due to an error in our request',
  429: 'the server has received too many requests and has asked us to try again later',
  503: 'the server is currently unable to handle the request',
  504: 'the server was unable to return a response in the time allotted, but may still be processing the request',
};

/** A refusal may be a Status that says more. */
function statusMessage(text: string): string | undefined {
  if (!text.startsWith('{')) return undefined;
  let value: unknown;
  try {
    value = decodeJson(Buffer.from(text)).value;
  } catch (error) {
    // It only looked like one: the status code is all there is.
    if (error instanceof JsonSyntaxError) return undefined;
    throw error;
  }
  const { kind, message } = value as { readonly kind?: unknown; readonly message?: unknown };
  return kind === 'Status' && typeof message === 'string' && message !== '' ? message : undefined;
}
