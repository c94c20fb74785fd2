import { testValues } from './values.test.js';

testValues('probability, hashes and paths', [
  // The documented examples, to the digits documented.
  ['round(beta_cdf(0.9, 10.0, 20.0), 15)', 0.999999999999959],
  ['beta_cdf(1.5, 10.0, 20.0)', 'NaN'],
  ['beta_cdf(0.1, -1.0, 20.0)', 'NaN'],
  ['round(beta_pdf(0.5, 10.0, 20.0), 12)', 0.746176019311],
  ['beta_cdf(real(null), 1.0, 2.0)', null],
  // The median of a symmetric distribution; one inverts the other.
  ['round(beta_inv(0.5, 3.0, 3.0), 12)', 0.5],
  ['round(beta_cdf(beta_inv(0.1, 10.0, 20.0), 10.0, 20.0), 12)', 0.1],
  ['round(welch_test(1.0, 2.0, 10, 1.0, 2.0, 10), 12)', 1],
  ['welch_test(1.0, real(null), 10, 1.0, 2.0, 10)', null],
  ['hash_combine(1, 2) == hash_combine(2, 1)', false],
  ['hash_many("a", "b") == hash_combine(hash("a"), hash("b"))', true],
  ['dynamic_to_json(dynamic({"a": 1}))', '{"a":1}'],
  ['extract_all(@"(?P<a>\\w)(\\w)", dynamic(["a", 2]), "xy")', '[["x","y"]]'],
  ['tostring(parse_path("file://C:/t/f.txt:s.exe").RootPath)', 'C:'],
  ['tostring(parse_path("file://C:/t/f.txt:s.exe").Extension)', 'txt'],
]);
