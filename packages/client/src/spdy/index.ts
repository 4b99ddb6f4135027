export { HeaderReader, HeaderWriter, type SpdyHeaders, spdyDictionary } from './header-block.js';
export { SpdyConnection } from './spdy-connection.js';
export type { SpdyStream } from './spdy-stream.js';
