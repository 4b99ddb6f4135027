import { describe } from 'vitest';
import { aggregationSuite } from '../../aggregation-suite.js';
import { startFrontKubeApiserver } from './front.js';

describe('a server behind a kube-apiserver', () => aggregationSuite(startFrontKubeApiserver));
