export * from './container/index.js';
