export type { Deviation } from './explore/deviation.js';
export { BrokenInvariant, type Exploration, type ExploreOptions, explore } from './explore/explore.js';
export type { Check, Scenario } from './explore/scenario.js';
export { type FaultOptions, Faults, type RequestMatch, SimulatedCrash } from './faults.js';
export { seededRandom } from './random.js';
export { cleanup, startTestServer, type TestServer, type TestServerOptions } from './test-server.js';
