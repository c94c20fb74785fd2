// `npm run build`: installs, compiles and bundles, where something changed.
import { bundle, compile, install, requireNode } from './steps.mjs';

requireNode();
await install();
await compile();
await bundle();
