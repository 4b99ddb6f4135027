export { clientModules, generatedHeader } from './client-modules.js';
export { isCrd, kindsFromCrds } from './from-crds.js';
export { isOpenApi, kindsFromOpenApi, type OpenApiDocument } from './from-openapi.js';
export type { KindData } from './generate-modules.js';
export type { KindSource } from './kind-source.js';
