import { testValues, type Cell } from './values.test.js';

const agents: readonly (readonly [string, string, string, string])[] = [
  // The reference's examples.
  [
    'Mozilla/5.0 (Windows; U; en-US) AppleWebKit/531.9 (KHTML, like Gecko) AdobeAIR/2.5.1',
    'AdobeAIR 2.5.1',
    'Windows ...',
    'Other  ',
  ],
  [
    'Mozilla/5.0 (SymbianOS/9.2; U; Series60/3.1 NokiaN81-3/10.0.032 Profile/MIDP-2.0 Configuration/CLDC-1.1 ) AppleWebKit/413 (KHTML, like Gecko) Safari/4',
    'Nokia OSS Browser 3.1.',
    'Symbian OS 9.2..',
    'Nokia N81 Nokia N81-3',
  ],
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.6099.71 Safari/537.36 Edg/120.0.2210.61',
    'Edge 120.0.2210',
    'Windows 10...',
    'Other  ',
  ],
  [
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1 Safari/605.1.15',
    'Safari 17.1.',
    'Mac OS X 10.15.7.',
    'Mac Apple Mac',
  ],
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1',
    'Mobile Safari 16.6.',
    'iOS 16.6..',
    'iPhone Apple iPhone',
  ],
  [
    'Mozilla/5.0 (Linux; Android 13; SM-G991B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119.0.0.0 Mobile Safari/537.36',
    'Chrome Mobile 119.0.0',
    'Android 13...',
    'Samsung SM-G991B Samsung SM-G991B',
  ],
  [
    'Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/119.0',
    'Firefox 119.0.',
    'Ubuntu ...',
    'Other  ',
  ],
  [
    'Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)',
    'bingbot 2.0.',
    'Other ...',
    'Spider Spider Desktop',
  ],
  ['curl/8.4.0', 'curl 8.4.0', 'Other ...', 'Other  '],
  [
    'Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0)',
    'IE 8.0.',
    'Windows 7...',
    'Other  ',
  ],
  ['nothing known', 'Other ..', 'Other ...', 'Other  '],
];

const parts = (agent: string, of: string, names: readonly string[], first: string): string =>
  `strcat(${['Family', ...names]
    .map((name) => `parse_user_agent('${agent}', '${of}').${first}.${name}`)
    .map((each) => `tostring(${each})`)
    .join(", '|', ")})`;

const version = ['MajorVersion', 'MinorVersion', 'Patch'];

testValues('user agents', [
  ...agents.flatMap(([agent, browser, system, device]): (readonly [string, Cell])[] => [
    [`replace_string(${parts(agent, 'browser', version, 'Browser')}, '|', '.')`, inDots(browser)],
    [
      `replace_string(${parts(agent, 'os', [...version, 'PatchMinor'], 'OperatingSystem')}, '|', '.')`,
      inDots(system),
    ],
    [`replace_string(${parts(agent, 'device', ['Brand', 'Model'], 'Device')}, '|', ' ')`, device],
  ]),
  [
    "array_sort_asc(bag_keys(parse_user_agent('curl/8.4.0', dynamic(['device', 'browser', 'os']))))",
    '["Browser","Device","OperatingSystem"]',
  ],
  ["parse_user_agent('curl/8.4.0', 'shoe')", null],
  ["parse_user_agent('', 'os')", null],
]);

/** The version follows the family's last word. */
function inDots(text: string): string {
  const at = text.lastIndexOf(' ');
  return `${text.slice(0, at)}.${text.slice(at + 1)}`;
}
