export { ManualClock } from './manual-clock.js';
export type { SeededRandom } from './seeded-random.js';
export { seededRandom } from './seeded-random.js';
export type { FsFault, FsOperation, FsSnapshot } from './faulty-fs.js';
export { FaultyFs, sectorSize } from './faulty-fs.js';
export type { FsUnderTest } from './fs-contract.js';
export { fsContract } from './fs-contract.js';
export { testSegmentKeys } from './segment-keys.js';
export { testSigner } from './test-signer.js';
