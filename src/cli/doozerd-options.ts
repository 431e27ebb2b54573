import { type LogLevel, limits, logLevels, parseLogLevel } from '../base/index.ts';
import type { DaemonOptions } from '../daemon/index.ts';
import { parseAddress, parseUri } from '../naming/index.ts';
import { Complaint } from './complaint.ts';
import { doozerdDefaults } from './doozerd-program.ts';
import { isOn, lastGiven, type ParsedFlags, parseGoBoolean } from './go-flags.ts';

type Environment = Readonly<Record<string, string | undefined>>;
type Defaulted = keyof typeof doozerdDefaults;

/** A year. Longer pauses are slips of the keyboard, and timers could not hold them. */
const longestSeconds = 31_536_000;
const pulseSecondsMin = 0.01;

/** Reads flags and environment. A value beyond its bound is a complaint that names both, status 1. */
export function daemonOptions(
  flags: ParsedFlags,
  env: Environment,
  version: string,
): DaemonOptions {
  const clusterName = clusterNameOf(textOf(flags, 'c'));
  const listen = listenAddress(textOf(flags, 'l'));
  const web = lastGiven(flags, 'w');
  secondsOf(flags, 'fill', { least: 0 });
  const attach = attachAddresses(flags);
  const seeds = seedAddresses(flags);
  if (seeds.length > 0 && attach.length > 0) {
    throw refuse('-seed and -a: use one of them; a node with -seed finds its cluster by the list');
  }
  const advertise = lastGiven(flags, 'advertise');
  if (advertise !== null) checkAdvertised(advertise);
  return {
    clusterName,
    listen,
    attach,
    ...(seeds.length > 0 && { seeds }),
    ...(advertise !== null && { advertise }),
    bootUri: bootUriOf(flags, env),
    web: web === null ? 'default' : webAddress(web),
    webExplicit: web !== null,
    pulseMs: secondsOf(flags, 'pulse', { least: pulseSecondsMin }) * 1000,
    silenceMs: silenceMsOf(flags),
    historyRevisions: countOf(flags, 'hist', limits.historyRevisionsMax),
    dataFolder: dataFolderOf(lastGiven(flags, 'data'), clusterName, listen),
    minVoters: countOf(flags, 'min-voters', limits.votersMax),
    secrets: secretsOf(env),
    version,
    tls: tlsOf(flags),
    logLevel: logLevelOf(flags),
  };
}

const refuse = (line: string): Complaint => new Complaint(`doozerd: ${line}`, 1);

/** A value that is not even of the flag's kind: a wrong flag, which Go ends with status 2. */
export const badFlag = (reason: string): Complaint =>
  new Complaint(`doozerd: ${reason}; "doozerd -h" explains`, 2);

const textOf = (flags: ParsedFlags, name: Defaulted): string =>
  lastGiven(flags, name) ?? doozerdDefaults[name];

function secondsOf(flags: ParsedFlags, name: Defaulted, { least }: { least: number }): number {
  const text = textOf(flags, name);
  const seconds = /^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?$/i.test(text)
    ? Number(text)
    : Number.NaN;
  if (Number.isNaN(seconds)) {
    throw badFlag(`invalid value "${text}" for flag -${name}: a number of seconds is wanted`);
  }
  if (seconds < least || seconds > longestSeconds) {
    throw refuse(`-${name} ${text}: must be from ${least} to ${longestSeconds} seconds`);
  }
  return seconds;
}

function silenceMsOf(flags: ParsedFlags): number {
  const ms = secondsOf(flags, 'timeout', { least: 0 }) * 1000;
  if (ms === 0 || ms >= limits.silenceMinMs) return ms;
  throw refuse(
    `-timeout ${textOf(flags, 'timeout')}: must be 0 (never) or at least ${limits.silenceMinMs / 1000} second`,
  );
}

function countOf(flags: ParsedFlags, name: 'hist' | 'min-voters', most: number): number {
  const text = textOf(flags, name);
  if (!/^[+-]?[0-9]+$/.test(text)) {
    throw badFlag(`invalid value "${text}" for flag -${name}: a whole number is wanted`);
  }
  const count = Number(text);
  if (count >= 1 && count <= most) return count;
  throw refuse(`-${name} ${text}: must be from 1 to ${most}`);
}

/** It stands in paths (`/ctl/ns/NAME`) and in the name of the data folder. */
function clusterNameOf(text: string): string {
  if (/^[A-Za-z0-9.\-_:@+=~,]{1,255}$/.test(text)) return text;
  throw refuse(
    `-c "${text}": a cluster's name is 1 to 255 letters, digits and characters of ".-_:@+=~,"`,
  );
}

/** HOST:PORT to listen on: a port is needed, 0 takes any free one, and no host means all of them. */
function hostAndPort(text: string): string | null {
  const match = /^(\[[0-9A-Fa-f:.%]+\]|[^\s:/[\]]*):([0-9]{1,5})$/.exec(text);
  if (match === null || Number(match[2]) > 65_535) return null;
  return `${match[1] === '' ? '0.0.0.0' : match[1]}:${match[2]}`;
}

function listenAddress(text: string): string {
  const address = hostAndPort(text);
  if (address === null) throw refuse(`-l "${text}": an address to listen on is HOST:PORT`);
  return address;
}

/** Any word Go takes for a boolean means no web view at all, `true` as well. */
function webAddress(text: string): string | null {
  if (parseGoBoolean(text) !== null) return null;
  const address = hostAndPort(text);
  if (address === null) throw refuse(`-w "${text}": use HOST:PORT, or false for no web view`);
  return address;
}

function attachAddresses(flags: ParsedFlags): string[] {
  const given = flags.given.filter(([name]) => name === 'a').flatMap(([, list]) => list.split(','));
  const addresses = given.map((text) => {
    const address = parseAddress(text.trim());
    if (address === null)
      throw refuse(`-a "${text}": an address to attach to is HOST or HOST:PORT`);
    return address;
  });
  return [...new Set(addresses)];
}

/** Sorted, in small letters: whoever was given the same list in whatever order has the same. */
function seedAddresses(flags: ParsedFlags): string[] {
  const given = flags.given.filter(([name]) => name === 'seed').map(([, list]) => list);
  const addresses = given
    .flatMap((list) => list.split(','))
    .map((text) => {
      const address = parseAddress(text.trim().toLowerCase());
      if (address === null || isWildcard(address)) {
        throw refuse(
          `-seed "${text}": a list of HOST or HOST:PORT is wanted, as others reach them`,
        );
      }
      return address;
    });
  const seeds = [...new Set(addresses)].sort();
  if (seeds.length > limits.votersMax) {
    throw refuse(`-seed with ${seeds.length} addresses: at most ${limits.votersMax}`);
  }
  return seeds;
}

const isWildcard = (address: string): boolean => /^(0[.]0[.]0[.]0|\[::\]):/.test(address);

function checkAdvertised(text: string): void {
  const address = parseAddress(text);
  if (address !== null && !isWildcard(address)) return;
  throw refuse(
    `-advertise "${text}": HOST or HOST:PORT is wanted, under which others reach this node`,
  );
}

function bootUriOf(flags: ParsedFlags, env: Environment): string | null {
  const flag = lastGiven(flags, 'b');
  const text = flag ?? env['DOOZER_BOOT_URI'] ?? '';
  if (text === '') return null;
  const uri = parseUri(text);
  if (uri.kind === 'uri') return text;
  throw refuse(`${flag === null ? 'DOOZER_BOOT_URI' : '-b'}: invalid uri: ${uri.reason}`);
}

function dataFolderOf(given: string | null, clusterName: string, listen: string): string | null {
  if (given === 'none') return null;
  if (given === '') throw refuse('-data "": name a folder, or "none" to keep nothing');
  const place = listen.replace(/^\[(.*)\]/, '$1').replace(/:([0-9]+)$/, '-$1');
  return given ?? `./${clusterName}.doozer/${place}`;
}

function secretsOf(env: Environment): DaemonOptions['secrets'] {
  const rw = env['DOOZER_RWSECRET'] ?? '';
  const ro = env['DOOZER_ROSECRET'] ?? '';
  if (ro !== '' && rw === '') {
    throw refuse(
      'DOOZER_ROSECRET without DOOZER_RWSECRET would let everyone write: set both, or neither',
    );
  }
  return { rw, ro };
}

function logLevelOf(flags: ParsedFlags): LogLevel {
  const text = textOf(flags, 'log-level');
  const level = parseLogLevel(text);
  if (level !== null) return level;
  throw badFlag(`invalid value "${text}" for flag -log-level: one of ${logLevels.join(', ')}`);
}

/** Relative names are taken from where the process was started. */
function tlsOf(flags: ParsedFlags): DaemonOptions['tls'] {
  const [certFile, keyFile, caFile] = ['tlscert', 'tlskey', 'tlsca'].map((name) => {
    const file = lastGiven(flags, name);
    if (file === '') throw refuse(`-${name} "": name a file`);
    return file;
  });
  const guestsCertified = isOn(flags, 'tlsclients');
  if ((certFile ?? null) === null && (keyFile ?? null) === null) {
    if ((caFile ?? null) !== null) throw refuse('-tlsca needs -tlscert and -tlskey');
    if (guestsCertified) throw refuse('-tlsclients needs -tlscert, -tlskey and -tlsca');
    return null;
  }
  if (typeof certFile !== 'string' || typeof keyFile !== 'string') {
    throw refuse('-tlscert and -tlskey: need both, or neither');
  }
  if (typeof caFile === 'string') return { certFile, keyFile, caFile, guestsCertified };
  if (guestsCertified) throw refuse('-tlsclients needs -tlsca, which signs their certificates');
  return { certFile, keyFile, guestsCertified };
}
