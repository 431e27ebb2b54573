import type { Client } from '../client/index.ts';
import type { TlsFiles } from '../connect/index.ts';
import { Complaint, status } from './complaint.ts';
import {
  defaultUri,
  doozerFlags,
  doozerProgram,
  takesArguments,
  usageText,
  verbHelp,
} from './doozer-program.ts';
import { parseDuration } from './durations.ts';
import { errorJson, errorText, lineOf, statusAfter } from './errors.ts';
import { isOn, lastGiven, type ParsedFlags, parseGoFlags } from './go-flags.ts';
import { jsonLine } from './output.ts';
import { hideSecrets, nameProcess } from './process-name.ts';
import { processSignals } from './signals.ts';
import { ClosedOutput, orInterrupted, processTerminal, type Terminal } from './terminal.ts';
import { argumentsOf, parseLease, parseRevision, type VerbContext } from './verb.ts';
import { verbs } from './verbs.ts';
import { releaseVersion } from './version.ts';

/** How long a command looks for a node: a cluster that is just being started is waited for. */
const openTimeoutMs = 4000;

/** Runs `doozer` with the words after its name and leaves the exit status in `process.exitCode`. */
export async function runDoozer(argv: readonly string[]): Promise<void> {
  // First: a title renames the process, too.
  hideSecrets();
  nameProcess('doozer');
  const signals = processSignals();
  process.exitCode = await doozer(argv, processTerminal(signals));
  // Standard input may be open still, and would be waited for.
  if (signals.interrupted.aborted) process.exit();
}

/** The same in any terminal; resolves with the exit status. */
export async function doozer(argv: readonly string[], terminal: Terminal): Promise<number> {
  try {
    return await dispatch(argv, terminal);
  } catch (error) {
    if (error instanceof ClosedOutput) return status.done;
    if (terminal.interrupted.aborted) return status.interrupted;
    if (asksForJson(argv)) terminal.complain(JSON.stringify(errorJson(error)));
    else {
      const explanation = error instanceof Complaint ? error.explanation : null;
      terminal.complain(lineOf(error) + (explanation === null ? '' : `\n${explanation}`));
    }
    return statusAfter(error);
  }
}

async function dispatch(argv: readonly string[], terminal: Terminal): Promise<number> {
  const program = doozerProgram(verbs);
  const before = readFlags(argv);
  if (isOn(before, 'h')) {
    terminal.complain(usageText(program).trimEnd());
    return status.done;
  }
  if (isOn(before, 'v')) {
    const version = releaseVersion();
    const asJson = isOn(before, 'json');
    await terminal.write(asJson ? jsonLine({ program: 'doozer', version }) : `doozer ${version}\n`);
    return status.done;
  }
  const [name, ...words] = before.rest;
  const verb = verbs.find((known) => known.name === name);
  const command = program.commands.find((known) => known.name() === name);
  if (name === undefined) {
    // Who calls it bare wants to know what it is.
    const explanation = usageText(program).trimEnd();
    throw new Complaint('doozer: missing command', status.usage, { explanation });
  }
  if (verb === undefined || command === undefined) {
    const line = `doozer: unknown command "${name}"; "doozer -h" lists them`;
    throw new Complaint(line, status.usage);
  }
  const after = readFlags(words);
  const flags = { ...after, given: [...before.given, ...after.given] };
  if (isOn(flags, 'h')) {
    await terminal.write(verbHelp(verbs, name));
    return status.done;
  }
  if (!(await takesArguments(command, after.rest))) {
    const use = `doozer ${name} [options] ${argumentsOf(verb)}`.trimEnd();
    throw new Complaint(`doozer: wrong number of arguments; use: ${use}`, status.usage);
  }
  return withClient(flags, terminal, (context) => verb.run(context, after.rest));
}

/** Whether -json stands where options may; what is wrong with others is told as JSON then, too. */
function asksForJson(argv: readonly string[]): boolean {
  const before = parseGoFlags(argv, doozerFlags);
  const words = before.kind === 'parsed' ? before.rest.slice(1) : [];
  const after = parseGoFlags(words, doozerFlags);
  return isOn({ given: [...before.given, ...after.given] }, 'json');
}

/** Flags, or a complaint: values that cannot be read are told before anything is sent anywhere. */
function readFlags(words: readonly string[]): ParsedFlags {
  const flags = parseGoFlags(words, doozerFlags);
  if (flags.kind === 'bad') throw badFlag(flags.reason);
  const revision = lastGiven(flags, 'r');
  if (revision !== null && parseRevision(revision) === null) {
    throw badFlag(`invalid value "${revision}" for flag -r: a whole number is wanted`);
  }
  for (const name of ['t', 'length', 'grace']) {
    const text = lastGiven(flags, name);
    if (text === null || parseDuration(text) !== null) continue;
    throw badFlag(
      `invalid value "${text}" for flag -${name}: a duration is wanted, such as 300ms or 1m30s`,
    );
  }
  const lease = lastGiven(flags, 'lease');
  if (lease !== null && parseLease(lease) === null) {
    throw badFlag(`invalid value "${lease}" for flag -lease: a number above 0 is wanted`);
  }
  return flags;
}

const badFlag = (reason: string): Complaint =>
  new Complaint(`doozer: ${reason}; "doozer -h" explains`, status.failed);

/** Runs `work` with a connection that is made when first wanted and closed in any case. */
async function withClient(
  flags: ParsedFlags,
  terminal: Terminal,
  work: (context: VerbContext) => Promise<number>,
): Promise<number> {
  let client: Client | null = null;
  const revision = parseRevision(lastGiven(flags, 'r') ?? '-1') ?? -1;
  const isJson = isOn(flags, 'json');
  const context: VerbContext = {
    terminal,
    isJson,
    isForced: isOn(flags, 'force'),
    print: (plain, value) => terminal.write(isJson ? jsonLine(value) : plain),
    note: (what) => {
      const isLine = typeof what === 'string';
      if (isJson) terminal.complain(JSON.stringify(isLine ? { message: what } : errorJson(what)));
      else terminal.complain(isLine ? what : errorText(what));
    },
    connect: async (signal = terminal.interrupted, where = flags) => {
      client ??= await open(where, terminal, signal);
      return client;
    },
    connectTo: (address, timeoutMs) => openAt(address, timeoutMs, flags, terminal),
    // Below 1 counts as 1, as everywhere in doozer.
    revision: revision === -1 ? null : Math.max(1, revision),
    timeoutMs: Math.max(0, parseDuration(lastGiven(flags, 't') ?? '0') ?? 0),
    uri: uriOf(flags, terminal),
    bootUri: bootUriOf(flags, terminal),
    lengthMs: parseDuration(lastGiven(flags, 'length') ?? ''),
    graceMs: parseDuration(lastGiven(flags, 'grace') ?? ''),
    value: lastGiven(flags, 'value'),
    lease: parseLease(lastGiven(flags, 'lease') ?? ''),
    verbs,
    helpOf: (name) => verbHelp(verbs, name),
  };
  try {
    return (await orInterrupted(terminal, work(context))) ?? status.interrupted;
  } finally {
    await (client as Client | null)?.close();
  }
}

const uriOf = (flags: ParsedFlags, { env }: Pick<Terminal, 'env'>): string =>
  lastGiven(flags, 'a') ?? (env['DOOZER_URI'] || defaultUri);

const bootUriOf = (flags: ParsedFlags, { env }: Terminal): string | null =>
  lastGiven(flags, 'b') ?? (env['DOOZER_BOOT_URI'] || null);

/** Those of the URI; where it names none, those of the environment. */
function tlsFiles(ofUri: TlsFiles, { env }: Terminal): TlsFiles {
  const caFile = ofUri.caFile ?? (env['DOOZER_TLSCA'] || undefined);
  const certFile = ofUri.certFile ?? (env['DOOZER_TLSCERT'] || undefined);
  const keyFile = ofUri.certFile === undefined ? env['DOOZER_TLSKEY'] || undefined : ofUri.keyFile;
  return { ...(caFile && { caFile }), ...(certFile && { certFile }), ...(keyFile && { keyFile }) };
}

async function open(flags: ParsedFlags, terminal: Terminal, signal: AbortSignal): Promise<Client> {
  const uriText = uriOf(flags, terminal);
  const bootText = bootUriOf(flags, terminal);
  // Loaded here, so that help and mistakes are answered without the weight of sockets.
  const { connect, parseUri } = await import('../connect/index.ts');
  const uri = parseUri(uriText);
  if (uri.kind === 'invalid') throw new Complaint(`Error: invalid uri: ${uri.reason}`);
  const options = {
    uri: uriText,
    signal,
    openTimeoutMs,
    ...(uri.tls !== null && { tls: tlsFiles(uri.tls, terminal) }),
  };
  if (bootText === null || bootText === '') {
    if (uri.addresses.length > 0) return connect(options);
    throw new Complaint('Error: invalid uri: "cn" without "ca" needs -b or DOOZER_BOOT_URI');
  }
  const boot = parseUri(bootText);
  if (boot.kind === 'uri') {
    const isTls = (uri.clusterName !== null && boot.tls !== null) || uri.tls !== null;
    const tls = isTls && { tls: tlsFiles(uri.tls ?? {}, terminal) };
    return connect({ ...options, ...tls, bootUri: bootText });
  }
  throw new Complaint(`Error: invalid uri: ${boot.reason}`);
}

/** With the scheme and the secret of the URI in use. */
async function openAt(
  address: string,
  timeoutMs: number,
  flags: ParsedFlags,
  terminal: Terminal,
): Promise<Client> {
  const { connect, parseUri } = await import('../connect/index.ts');
  const { uriAt } = await import('../naming/index.ts');
  const uri = uriAt(uriOf(flags, terminal), address);
  const parsed = parseUri(uri);
  return connect({
    uri,
    ...(parsed.kind === 'uri' && parsed.tls && { tls: tlsFiles(parsed.tls, terminal) }),
    onlyThese: true,
    openTimeoutMs: timeoutMs,
    requestTimeoutMs: timeoutMs,
    sessionLengthMs: null,
    signal: terminal.interrupted,
  });
}
