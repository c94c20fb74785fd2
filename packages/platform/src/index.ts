export { systemClock } from './clock.js';
export { systemRandom } from './random.js';
export { sha256 } from './sha256.js';
export { hardLink, nodeFileSystem } from './file-system.js';
