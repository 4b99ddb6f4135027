export { apiVersionOf } from './api-version.js';
export {
  type ConditionLike,
  findCondition,
  isConditionTrue,
  removeCondition,
  setCondition,
} from './conditions.js';
export { crdOf } from './crd-of.js';
export { decodeJson, decodeJsonText, maxJsonDepth } from './decode.js';
export { type Definitions, lazyDefinitions } from './definitions.js';
export { encodeJson } from './encode.js';
export {
  ApiError,
  type ApiErrorOptions,
  alreadyExists,
  badRequest,
  conflict,
  forbidden,
  isAlreadyExists,
  isApiError,
  isConflict,
  isForbidden,
  isGone,
  isInvalid,
  isNotFound,
  isTooManyRequests,
  notFound,
  type QualifiedResource,
  type Status,
  type StatusCause,
  type StatusDetails,
  type StatusReason,
  staleObject,
  statusCodes,
} from './error.js';
export {
  checkFieldSelector,
  type FieldRequirement,
  fieldText,
  formatFieldSelector,
  matchesFields,
  parseFieldSelector,
} from './field-selector.js';
export { fromJsonSchema } from './from-json-schema.js';
export {
  allVerbs,
  defineKind,
  type Kind,
  type KindOptions,
  type KubernetesObject,
  type ObjectOf,
  type OwnSubresource,
  type ScalePaths,
  type Scope,
  type SubresourceDefinition,
  type Verb,
} from './kind.js';
export {
  formatLabelSelector,
  type LabelOperator,
  type LabelRequirement,
  type LabelSelector,
  type Labels,
  labelRequirements,
  matchesLabels,
  parseLabelSelector,
  SelectorError,
  selectorMatches,
} from './label-selector.js';
export {
  configMapKeyErrors,
  dns1035LabelErrors,
  dns1123LabelErrors,
  dns1123SubdomainErrors,
  dns1123SubdomainWithUnderscoreErrors,
  environmentNameErrors,
  labelValueErrors,
  pathSegmentErrors,
  portNameErrors,
  qualifiedNameErrors,
  wildcardDns1123SubdomainErrors,
} from './names.js';
export { controllerOf, isControlledBy, type OwnerReference, ownerReference } from './owner-reference.js';
export { type JsonReading, JsonSyntaxError, NumberLiteral, type ParsedJson } from './parse-json.js';
export { addResources, isSidecar, podResources, type ResourceList } from './pod-resources.js';
export {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  type ParsedQuantity,
  parseQuantity,
  QuantityError,
  type QuantityFormat,
  type QuantityLike,
  quantityMilliValue,
  quantityValue,
  subtractQuantities,
} from './quantity.js';
export { matchesQuotaScopes } from './quota/quota-scopes.js';
export { isCountedByQuota, missingForQuota, quotaConcerns, quotaUsage } from './quota/quota-usage.js';
export type { Schema, SchemaSource, ValidationRule } from './schema.js';
export { formatMicroTime, formatTime, parseTime } from './time.js';
export { volumeAttributesClassesOf } from './volume-attributes-classes.js';
export { initialEventsEnd, type WatchEvent, type WatchEventType } from './watch-event.js';
