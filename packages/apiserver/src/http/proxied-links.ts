import { PassThrough, pipeline, type Readable } from 'node:stream';
import { createGunzip, createInflate } from 'node:zlib';

/** Attributes that hold a link, by element. Source: `atomsToAttrs` of apimachinery's proxy. */
const linkAttributes: Readonly<Record<string, readonly string[]>> = {
  a: ['href'],
  applet: ['codebase'],
  area: ['href'],
  audio: ['src'],
  base: ['href'],
  blockquote: ['cite'],
  body: ['background'],
  button: ['formaction'],
  command: ['icon'],
  del: ['cite'],
  embed: ['src'],
  form: ['action'],
  frame: ['longdesc', 'src'],
  head: ['profile'],
  html: ['manifest'],
  iframe: ['longdesc', 'src'],
  img: ['longdesc', 'src', 'usemap'],
  input: ['formaction', 'src', 'usemap'],
  ins: ['cite'],
  link: ['href'],
  object: ['classid', 'codebase', 'data', 'usemap'],
  q: ['cite'],
  script: ['src'],
  source: ['src'],
  video: ['poster', 'src'],
};

/** Takes an encoding off; undefined for one that is not known here: such a page stays as it is. */
const decoders: Readonly<Record<string, () => NodeJS.ReadWriteStream>> = {
  '': () => new PassThrough(),
  identity: () => new PassThrough(),
  gzip: createGunzip,
  deflate: createInflate,
};

/**
 * A page with its links led through the proxy; without an encoding, whichever it came in. Everything else of it stays
 * as it is, byte by byte, whatever its character set. @param own path of this server up to and with `/proxy`
 * @returns undefined for an encoding that is not known
 */
export async function withProxiedLinks(
  page: Readable,
  encoding: string,
  { own, hosts }: { readonly own: string; readonly hosts: readonly (string | undefined)[] },
): Promise<Readable | undefined> {
  const decode = Object.hasOwn(decoders, encoding) ? decoders[encoding] : undefined;
  if (decode === undefined) return undefined;
  // Who proxies no pages does not load it.
  const { RewritingStream } = await import('parse5-html-rewriting-stream');
  const rewriting = new RewritingStream();
  rewriting.on('startTag', ({ tagName, sourceCodeLocation }, raw) => {
    const place: Place | undefined = sourceCodeLocation ?? undefined;
    const names = Object.hasOwn(linkAttributes, tagName) ? linkAttributes[tagName] : undefined;
    let text = raw;
    // The last one first, so that places before it stay where they are.
    const attributes = Object.entries(place?.attrs ?? {}).sort(
      ([, a], [, b]) => b.startOffset - a.startOffset,
    );
    for (const [name, at] of names === undefined ? [] : attributes) {
      if (!names?.includes(name) || place === undefined) continue;
      const [from, to] = [at.startOffset - place.startOffset, at.endOffset - place.startOffset];
      text = text.slice(0, from) + proxiedAttribute(text.slice(from, to), own, hosts) + text.slice(to);
    }
    rewriting.emitRaw(text);
  });
  const characters = decode();
  const bytes = new PassThrough();
  // One byte is one character, so that what is not touched goes out as it came in.
  characters.setEncoding('latin1');
  rewriting.setEncoding('utf8');
  pipeline(page, characters, rewriting, (error) => {
    if (error) bytes.destroy(error);
    else bytes.end();
  });
  rewriting.on('data', (text: string) => {
    if (!bytes.write(Buffer.from(text, 'latin1'))) {
      rewriting.pause();
      bytes.once('drain', () => rewriting.resume());
    }
  });
  return bytes;
}

/** Where a tag and its attributes stand in the page. */
interface Place {
  readonly startOffset: number;
  readonly attrs?: Readonly<Record<string, { readonly startOffset: number; readonly endOffset: number }>>;
}

function proxiedAttribute(raw: string, own: string, hosts: readonly (string | undefined)[]): string {
  const [, before = raw, link = ''] = /^([^=]*=\s*["']?)(.*)$/s.exec(raw) ?? [];
  return `${before}${proxiedLink(link, own, hosts)}`;
}

/**
 * A link as it leads through the proxy: what begins at the root of the other server is put behind the path of the proxy;
 * what leads elsewhere, or is relative, stays. Source: `Transport.rewriteURL` of apimachinery.
 */
export function proxiedLink(link: string, own: string, hosts: readonly (string | undefined)[]): string {
  const [, host, rest = link] = /^\s*(?:[a-z][a-z0-9+.-]*:)?\/\/([^/?#"']*)(.*)$/is.exec(link) ?? [];
  if ((host !== undefined && !hosts.includes(host)) || !rest.startsWith('/')) return link;
  return rest.startsWith(own) ? rest : `${own}${rest}`;
}
