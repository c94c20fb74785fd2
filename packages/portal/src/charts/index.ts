export { ChartView } from './chart-view.js';
export { TimeHistogram } from './time-histogram.js';
