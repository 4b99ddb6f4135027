import { describe } from 'vitest';
import { aggregationSuite } from '../aggregation-suite.js';
import { startFrontServer } from '../front-server.js';

describe('a server behind another one', () => aggregationSuite(startFrontServer));
