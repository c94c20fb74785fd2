// Preloaded into a service under test: its clock differs from the machine's by STRONGROOM_TEST_CLOCK_MS.
const shiftMs = Number(process.env.STRONGROOM_TEST_CLOCK_MS ?? 0);
const machine = Date.now.bind(Date);
Date.now = () => machine() + shiftMs;
