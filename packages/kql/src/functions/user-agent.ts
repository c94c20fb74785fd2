/**
 * `parse_user_agent`: browser, operating system and device that a user agent's text names. Rules of our
 * own, the first that fits decides; families have the names that ua-parser made common. Each pattern is
 * tried once at each place of a text of bounded length, and none has nested repetition.
 */

import { userAgentCharsMax } from '../limits.js';
import { computedRow, type FunctionRow } from './row.js';

/** What a rule finds: a name, `$1` in it a group; the version's parts are the groups that follow. */
interface Rule {
  readonly pattern: RegExp;
  readonly family: string;
  /** Parts that the text does not tell, and of devices brand and model. */
  readonly rest?: readonly string[];
}

const rule = (pattern: RegExp, family: string, ...rest: string[]): Rule => ({
  pattern,
  family,
  rest,
});

/** A product's version after its name, of up to four numbers. */
const named = (product: string, family: string): Rule =>
  rule(new RegExp(`${product}[/ ]v?(\\d+)(?:\\.(\\d+))?(?:\\.(\\d+))?(?:\\.(\\d+))?`), family);

/** Where a family's name is not the product's. */
const pretty: ReadonlyMap<string, string> = new Map([
  ['python-requests', 'Python Requests'],
  ['Python-urllib', 'Python-urllib'],
  ['node-fetch', 'node-fetch'],
]);

const browserRules = (): readonly Rule[] => [
  // What fetches on its own.
  ...[
    'Googlebot-Image',
    'Googlebot-News',
    'Googlebot-Video',
    'AdsBot-Google',
    'Googlebot',
    'bingbot',
    'BingPreview',
    'YandexBot',
    'Baiduspider',
    'DuckDuckBot',
    'Applebot',
    'AhrefsBot',
    'SemrushBot',
    'MJ12bot',
    'PetalBot',
    'GPTBot',
    'ClaudeBot',
    'CCBot',
    'Bytespider',
    'Discordbot',
    'Twitterbot',
    'TelegramBot',
  ].map((each) => named(each, each)),
  rule(/AdsBot-Google|Mediapartners-Google/, '$0'),
  rule(/facebookexternalhit\/(\d+)\.(\d+)/, 'FacebookBot'),
  named('LinkedInBot', 'LinkedInBot'),
  named('Slackbot(?:-LinkExpanding)?', 'Slackbot'),
  rule(/Yahoo! Slurp/, 'Yahoo! Slurp'),
  ...[
    'curl',
    'Wget',
    'python-requests',
    'Python-urllib',
    'python-httpx',
    'aiohttp',
    'Go-http-client',
    'okhttp',
    'Apache-HttpClient',
    'Java',
    'libwww-perl',
    'axios',
    'node-fetch',
    'PostmanRuntime',
    'Insomnia',
    'HeadlessChrome',
    'PhantomJS',
  ].map((each) => named(each, pretty.get(each) ?? each)),
  rule(/WindowsPowerShell\/(\d+)\.(\d+)(?:\.(\d+))?/, 'WindowsPowerShell'),
  named('PowerShell', 'PowerShell'),
  named('AdobeAIR', 'AdobeAIR'),
  rule(/SymbianOS.*Series60\/(\d+)\.(\d+)/, 'Nokia OSS Browser'),
  rule(/Series60\/(\d+)\.(\d+).*AppleWebKit/, 'Nokia OSS Browser'),
  rule(/Nokia.*Browser[/ ](\d+)\.(\d+)(?:\.(\d+))?/, 'Nokia Browser'),
  // Programs with a browser inside.
  rule(/\[FB.*FBAV\/(\d+)(?:\.(\d+))?(?:\.(\d+))?/, 'Facebook'),
  named('Instagram', 'Instagram'),
  named('Snapchat', 'Snapchat'),
  named('MicroMessenger', 'WeChat'),
  named('Teams', 'Microsoft Teams'),
  named('Slack', 'Slack Desktop Client'),
  rule(/Microsoft Office Outlook (\d+)\.(\d+)(?:\.(\d+))?/, 'Outlook'),
  rule(/Outlook-iOS\/(\d+)\.(\d+)(?:\.(\d+))?/, 'Outlook-iOS'),
  rule(/MSOffice (\d+)/, 'Microsoft Office'),
  rule(/Microsoft Office\/(\d+)\.(\d+)/, 'Microsoft Office'),
  named('Thunderbird', 'Thunderbird'),
  named('Electron', 'Electron'),
  // Built on others, whose names they bear too.
  rule(/Edg(?:e|A|iOS)?\/(\d+)\.(\d+)(?:\.(\d+))?.*Mobile/, 'Edge Mobile'),
  rule(/EdgA\/(\d+)\.(\d+)(?:\.(\d+))?/, 'Edge Mobile'),
  rule(/EdgiOS\/(\d+)\.(\d+)(?:\.(\d+))?/, 'Edge Mobile'),
  rule(/Mobile.*Edge?\/(\d+)\.(\d+)(?:\.(\d+))?/, 'Edge Mobile'),
  named('Edge?', 'Edge'),
  rule(/Opera Mini(?:\/(\d+)(?:\.(\d+))?(?:\.(\d+))?)?/, 'Opera Mini'),
  rule(/Opera Mobi.*Version\/(\d+)\.(\d+)/, 'Opera Mobile'),
  rule(/Mobile.*OPR\/(\d+)\.(\d+)(?:\.(\d+))?/, 'Opera Mobile'),
  named('OPR', 'Opera'),
  rule(/Opera.*Version\/(\d+)\.(\d+)/, 'Opera'),
  named('Opera', 'Opera'),
  named('YaBrowser', 'Yandex Browser'),
  named('Vivaldi', 'Vivaldi'),
  named('Brave', 'Brave'),
  named('SamsungBrowser', 'Samsung Internet'),
  named('UCBrowser', 'UC Browser'),
  named('MiuiBrowser', 'MiuiBrowser'),
  named('HuaweiBrowser', 'HuaweiBrowser'),
  named('Silk', 'Amazon Silk'),
  named('DuckDuckGo', 'DuckDuckGo Mobile'),
  named('Seamonkey', 'Seamonkey'),
  named('SeaMonkey', 'SeaMonkey'),
  named('PaleMoon', 'Pale Moon'),
  named('Iceweasel', 'Iceweasel'),
  named('Konqueror', 'Konqueror'),
  named('FxiOS', 'Firefox iOS'),
  rule(/(?:Mobile|Tablet|Android).*Firefox\/(\d+)\.(\d+)(?:\.(\d+))?/, 'Firefox Mobile'),
  named('Firefox', 'Firefox'),
  rule(/CriOS\/(\d+)\.(\d+)(?:\.(\d+))?(?:\.(\d+))?/, 'Chrome Mobile iOS'),
  rule(/; wv\).+Chrome\/(\d+)\.(\d+)\.(\d+)/, 'Chrome Mobile WebView'),
  rule(/Version\/\d+\.\d+ Chrome\/(\d+)\.(\d+)\.(\d+).*Mobile/, 'Chrome Mobile WebView'),
  rule(/Chrome\/(\d+)\.(\d+)(?:\.(\d+))?(?:\.(\d+))? Mobile/, 'Chrome Mobile'),
  named('Chromium', 'Chromium'),
  named('Chrome', 'Chrome'),
  rule(/BlackBerry.*Version\/(\d+)\.(\d+)(?:\.(\d+))?/, 'BlackBerry WebKit'),
  rule(/Android.*Version\/(\d+)\.(\d+)(?:\.(\d+))?.*Safari/, 'Android'),
  rule(/Android (\d+)\.(\d+)(?:\.(\d+))?.*Safari/, 'Android'),
  rule(/(?:iPad|iPhone|iPod).*Version\/(\d+)(?:\.(\d+))?(?:\.(\d+))?.*Safari/, 'Mobile Safari'),
  rule(/(?:iPad|iPhone|iPod).*AppleWebKit/, 'Mobile Safari UI/WKWebView'),
  rule(/Version\/(\d+)(?:\.(\d+))?(?:\.(\d+))?.*Safari/, 'Safari'),
  rule(/AppleWebKit\/(\d+)(?:\.(\d+))?(?:\.(\d+))?.*Safari/, 'Safari'),
  rule(/IEMobile[ /](\d+)\.(\d+)/, 'IE Mobile'),
  rule(/Trident\/7\.0.*rv:(\d+)\.(\d+)/, 'IE'),
  rule(/MSIE (\d+)\.(\d+)/, 'IE'),
  rule(/AppleWebKit\/(\d+)(?:\.(\d+))?(?:\.(\d+))?/, 'Apple WebKit'),
  rule(/Mozilla\/(\d+)\.(\d+)\s*$/, 'Mozilla'),
];

const systemRules = (): readonly Rule[] => [
  rule(/Windows Phone(?: OS)? (\d+)\.(\d+)/, 'Windows Phone'),
  rule(/Windows NT 10\.0/, 'Windows', '10'),
  rule(/Windows NT 6\.3/, 'Windows', '8', '1'),
  rule(/Windows NT 6\.2/, 'Windows', '8'),
  rule(/Windows NT 6\.1/, 'Windows', '7'),
  rule(/Windows NT 6\.0/, 'Windows', 'Vista'),
  rule(/Windows NT 5\.[12]|Windows XP/, 'Windows', 'XP'),
  rule(/Windows NT 5\.0|Windows 2000/, 'Windows', '2000'),
  rule(/Windows CE/, 'Windows', 'CE'),
  rule(/Windows (?:98|95|ME)/, '$0'),
  rule(/Win(?:dows|32|64)/, 'Windows'),
  rule(/(?:CPU OS|CPU iPhone OS|iPhone OS|iOS)[ /](\d+)[_.](\d+)(?:[_.](\d+))?/, 'iOS'),
  rule(/iPhone|iPad|iPod/, 'iOS'),
  rule(/Apple ?TV.*OS (\d+)[_.](\d+)/, 'tvOS'),
  rule(/Watch ?OS[ /]?(\d+)\.(\d+)/i, 'WatchOS'),
  rule(/Tizen[/ ](\d+)\.(\d+)/, 'Tizen'),
  rule(/KAIOS\/(\d+)\.(\d+)/, 'KaiOS'),
  rule(/Android[ /-]?(\d+)(?:\.(\d+))?(?:\.(\d+))?/, 'Android'),
  rule(/Android/, 'Android'),
  rule(/SymbianOS\/(\d+)\.(\d+)/, 'Symbian OS'),
  rule(/Symbian|Series60/, 'Symbian OS'),
  rule(/BB10.*Version\/(\d+)\.(\d+)(?:\.(\d+))?/, 'BlackBerry OS'),
  rule(/BlackBerry/, 'BlackBerry OS'),
  rule(/Mac OS X (\d+)[_.](\d+)(?:[_.](\d+))?/, 'Mac OS X'),
  rule(/Mac OS X|Macintosh|Mac_PowerPC/, 'Mac OS X'),
  rule(/Darwin/, 'Mac OS X'),
  rule(/CrOS \S+ (\d+)\.(\d+)(?:\.(\d+))?/, 'Chrome OS'),
  rule(/Web0S|webOS/i, 'webOS'),
  rule(/Ubuntu(?:[/ ](\d+)\.(\d+))?/, 'Ubuntu'),
  rule(/Fedora(?:[/ ](\d+))?/, 'Fedora'),
  rule(/Debian(?:[/ -](\d+)(?:\.(\d+))?)?/, 'Debian'),
  rule(/CentOS|Red Hat|Gentoo|SUSE|Arch Linux|Linux Mint/, '$0'),
  rule(/Linux[/ ](\d+)\.(\d+)(?:\.(\d+))?/, 'Linux'),
  rule(/Linux/i, 'Linux'),
  rule(/(?:FreeBSD|OpenBSD|NetBSD)/, '$0'),
  rule(/SunOS/, 'Solaris'),
];

const deviceRules = (): readonly Rule[] => [
  rule(
    /bot\b|Bot\b|[sS]pider|[cC]rawler|Slurp|facebookexternalhit|BingPreview|Mediapartners/,
    'Spider',
    'Spider',
    'Desktop',
  ),
  rule(/iPhone(\d+,\d+)/, 'iPhone$1', 'Apple', 'iPhone$1'),
  rule(/iPad(\d+,\d+)/, 'iPad$1', 'Apple', 'iPad$1'),
  rule(/(?:iPhone|iPad|iPod|AppleTV|Apple TV)/, '$0', 'Apple', '$0'),
  rule(/Nokia ?([A-Z]{1,2}\d+)(-\d+)?/, 'Nokia $1', 'Nokia', '$1$2'),
  rule(/Nokia ?(\d+[a-z]*)/, 'Nokia $1', 'Nokia', '$1'),
  rule(/; ?(?:SAMSUNG[ -])?((?:SM|GT|SCH|SGH|SHV)-[A-Za-z0-9]+)/, 'Samsung $1', 'Samsung', '$1'),
  rule(/; ?(Pixel(?: [A-Za-z0-9]+){0,3})(?: Build|\))/, '$1', 'Google', '$1'),
  rule(/; ?(Nexus [A-Za-z0-9]+)/, '$1', 'Google', '$1'),
  rule(/; ?(?:HUAWEI|Huawei) ?([A-Za-z0-9-]+)/, 'Huawei $1', 'Huawei', '$1'),
  rule(/; ?((?:Redmi|Mi|MI|POCO)[ -][^;)]{1,30}?)(?: Build|\)|;)/, 'XiaoMi $1', 'XiaoMi', '$1'),
  rule(/; ?(ONEPLUS [A-Z0-9]+)/, 'OnePlus $1', 'OnePlus', '$1'),
  rule(/; ?(?:LG-|LM-)([A-Za-z0-9.]+)/, 'LG $1', 'LG', '$1'),
  rule(
    /; ?(moto [^;)]{1,30}?|Moto [^;)]{1,30}?|XT\d{4}[A-Z-]*)(?: Build|\)|;)/,
    'Motorola $1',
    'Motorola',
    '$1',
  ),
  rule(/(KF[A-Z]{2,5})\b/, 'Kindle', 'Amazon', '$1'),
  rule(/BlackBerry ?(\d+)/, 'BlackBerry $1', 'BlackBerry', '$1'),
  rule(/Xbox(?: One| Series [XS])?/, '$0', 'Microsoft', '$0'),
  rule(/PlayStation (\d|Vita|Portable)/, 'PlayStation $1', 'Sony', 'PlayStation $1'),
  rule(/Nintendo (Switch|WiiU|Wii|3DS)/, 'Nintendo $1', 'Nintendo', '$1'),
  rule(
    /Android[^;)]*;(?: [a-z]{2}-[a-zA-Z]{2};)? ?([^;)]{2,40}?) Build\//,
    '$1',
    'Generic_Android',
    '$1',
  ),
  rule(
    /Android[^;)]*; (?!K\)|wv\)|Mobile|Tablet|rv:)([^;)]{2,40})\)/,
    '$1',
    'Generic_Android',
    '$1',
  ),
  rule(/Android.*Mobile|Mobile.*Android/, 'Generic Smartphone', 'Generic', 'Smartphone'),
  rule(/Android/, 'Generic Tablet', 'Generic', 'Tablet'),
  rule(/Windows Phone/, 'Generic Smartphone', 'Generic', 'Smartphone'),
  rule(/Macintosh|Mac OS X/, 'Mac', 'Apple', 'Mac'),
];

interface Rules {
  readonly browsers: readonly Rule[];
  readonly systems: readonly Rule[];
  readonly devices: readonly Rule[];
}

let known: Rules | undefined;

/** Made when they are first asked for, so that loading the package stays cheap. */
const rules = (): Rules =>
  (known ??= { browsers: browserRules(), systems: systemRules(), devices: deviceRules() });

interface Found {
  readonly family: string;
  readonly groups: readonly string[];
  readonly rest: readonly string[];
}

function found(among: readonly Rule[], text: string): Found | undefined {
  for (const { pattern, family, rest = [] } of among) {
    const match = pattern.exec(text);
    if (match === null) continue;
    const put = (template: string): string =>
      template.replace(/\$(\d)/g, (_, index: string) => match[Number(index)] ?? '');
    const groups = match.slice(1).map((each) => each ?? '');
    return { family: put(family), groups, rest: rest.map(put) };
  }
  return undefined;
}

function versioned(of: Found | undefined, parts: readonly string[]): Record<string, string> {
  const made: Record<string, string> = { Family: of?.family ?? 'Other' };
  const values = of === undefined || of.rest.length === 0 ? of?.groups : of.rest;
  parts.forEach((part, index) => (made[part] = values?.[index] ?? ''));
  return made;
}

const version = ['MajorVersion', 'MinorVersion', 'Patch'] as const;

/** Which of the three are asked for, in a text or in a list; undefined for anything else. */
function wantedOf(lookFor: string): ReadonlySet<string> | undefined {
  let list: unknown = lookFor;
  try {
    list = JSON.parse(lookFor);
  } catch {
    // A text alone is none of JSON.
  }
  const names = (Array.isArray(list) ? (list as unknown[]) : [list]).map((each) =>
    typeof each === 'string' ? each.toLowerCase() : '',
  );
  return names.every((each) => each === 'browser' || each === 'os' || each === 'device')
    ? new Set(names)
    : undefined;
}

export function parsedUserAgent(text: string, lookFor: string): string | null {
  const wanted = wantedOf(lookFor);
  if (wanted === undefined || text === '') return null;
  const agent = text.slice(0, userAgentCharsMax);
  const made: Record<string, Record<string, string>> = {};
  if (wanted.has('browser')) made['Browser'] = versioned(found(rules().browsers, agent), version);
  if (wanted.has('os'))
    made['OperatingSystem'] = versioned(found(rules().systems, agent), [...version, 'PatchMinor']);
  if (wanted.has('device')) {
    const device = found(rules().devices, agent);
    made['Device'] = {
      Family: device?.family ?? 'Other',
      Brand: device?.rest[0] ?? '',
      Model: device?.rest[1] ?? '',
    };
  }
  return JSON.stringify(made);
}

export const userAgentRows: readonly FunctionRow[] = [
  computedRow({
    name: 'parse_user_agent',
    takes: ['string, string', 'string, dynamic'],
    gives: 'dynamic',
    // A hundred patterns each.
    rowsMax: 20_000,
    of: ([text, lookFor]) => parsedUserAgent(String(text ?? ''), String(lookFor ?? '')),
  }),
];
