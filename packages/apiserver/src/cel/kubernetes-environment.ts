import type { Environment } from './environment.js';
import { joinFunctions } from './functions/declaration.js';
import { operators } from './functions/operators.js';
import { optionalFunctions } from './functions/optionals.js';
import { standardFunctions } from './functions/standard.js';
import { authorizerFunctions, authorizerTypes } from './library/authorizer.js';
import { formatFunctions, formatType } from './library/format.js';
import { listFunctions } from './library/lists.js';
import { cidrType, ipType, networkFunctions } from './library/network.js';
import { quantityFunctions, quantityType } from './library/quantity.js';
import { regexFunctions } from './library/regex.js';
import { semverFunctions, semverType } from './library/semver.js';
import { setFunctions } from './library/sets.js';
import { stringFunctions } from './library/strings.js';
import { urlFunctions, urlType } from './library/url.js';
import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listOf,
  mapOf,
  NULL,
  optionalOf,
  STRING,
  TIMESTAMP,
  typeName,
  typeOfType,
  UINT,
} from './types.js';

const types: readonly CelType[] = [
  BOOL,
  BYTES,
  DOUBLE,
  DURATION,
  INT,
  listOf(DYN),
  mapOf(DYN, DYN),
  NULL,
  STRING,
  TIMESTAMP,
  typeOfType(undefined),
  UINT,
  optionalOf(DYN),
  ipType,
  cidrType,
  formatType,
  quantityType,
  semverType,
  urlType,
  ...authorizerTypes,
];

/** What every expression in Kubernetes 1.36 can use: the libraries that it enables, no variables. */
export const kubernetesEnvironment: Environment = {
  variables: new Map(),
  functions: joinFunctions(
    operators,
    standardFunctions,
    optionalFunctions,
    stringFunctions,
    listFunctions,
    setFunctions,
    regexFunctions,
    urlFunctions,
    quantityFunctions,
    networkFunctions,
    formatFunctions,
    semverFunctions,
    authorizerFunctions,
  ),
  types: new Map(types.map((type) => [typeName(type), type])),
};
