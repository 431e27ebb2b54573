import { hostname } from 'node:os';
import type { Lock } from '../../client/index.ts';
import { Complaint, status } from '../complaint.ts';
import { type HoldPlan, runUnder, timesOf } from '../hold.ts';
import type { Verb, VerbContext } from '../verb.ts';

/** A path as it is given, or a bare name in the folder where such things are. */
export const folderOf = (name: string, home: string): string =>
  name.startsWith('/') ? name : `${home}/${name}`;

/** Who this is, for people. */
export const whoAmI = (): string => `${hostname()} ${process.pid}`;

/** The program after `--`. @throws Complaint */
export function commandAfter(verb: string, words: readonly string[]): readonly string[] {
  const [separator, ...command] = words;
  if (separator === '--' && command.length > 0) return command;
  throw new Complaint(
    `doozer: ${verb} needs "--" and a program after the name, as in: doozer ${verb} NAME -- PROGRAM`,
    status.usage,
  );
}

/** What every program under a lock or office finds in its environment. */
export const clusterEnv = ({ bootUri, uri }: VerbContext): Record<string, string> => ({
  DOOZER_URI: uri,
  ...(bootUri !== null && bootUri !== '' && { DOOZER_BOOT_URI: bootUri }),
});

/** How what a program runs under ends, alike for `lock` and `elect`. */
export const holdHelp = `The program is passed every SIGINT, SIGTERM, SIGHUP and SIGQUIT. It runs in a session of its own, so that it can
be ended with everything it has started; it has no controlling terminal, though its input may be one.

When the cluster was out of reach for so long that less than -grace of the lease is left, the program gets
SIGTERM, and SIGKILL when the lease is over: then somebody else may have it. The same when it is lost before,
because somebody deleted its file or revoked its lease: SIGTERM at once, SIGKILL after -grace.

A process that stands still cannot be ended in time by anybody. What the program writes must be guarded by
the token: in the cluster by a transaction, as above; elsewhere by refusing tokens below the highest seen.

The exit status is the program's, 128 and the signal's number if it died of one, 127 if there is no such
program, 126 if it cannot be run, 123 if it was ended because the hold was lost or about to be, 2 if doozer
failed before. With -t, status 2 when that time has passed before the program could begin.`;

export const lock: Verb = {
  name: 'lock',
  args: ['name', 'program...'],
  usage: '<name> -- <program> [args]',
  summary: 'run a program that only one may run',
  help: `Waits until nobody else has the lock <name>, runs the program, and lets the lock go when it ends. <name> is a
path, a folder of the lock's own, or a bare name, which means /lock/<name>. Those who wait get it in the order in which they came.

The program finds in its environment:
  DOOZER_LOCK_TOKEN  the fencing token: above that of everybody who had the lock before
  DOOZER_LOCK_PATH   the lock's file, which this token made
  DOOZER_URI         the cluster

  doozer lock deploy -- sh -c 'doozer txn <<END
  created $DOOZER_LOCK_PATH = $DOOZER_LOCK_TOKEN
  then
  set /deployed "v2"
  END'

${holdHelp}`,
  run: async (context, [name = '', ...words]) => {
    const folder = folderOf(name, '/lock');
    const times = timesOf(context);
    const plan: HoldPlan<Lock> = {
      name: `lock "${folder}"`,
      command: commandAfter('lock', words),
      ...times,
      take: async (signal) => {
        const client = await context.connect(signal);
        return client.lock(folder, { lengthMs: times.lengthMs, body: whoAmI(), signal });
      },
      letGo: (held) => held.release(),
      env: ({ path, token }) => ({
        ...clusterEnv(context),
        DOOZER_LOCK_PATH: path,
        DOOZER_LOCK_TOKEN: String(token),
      }),
    };
    return runUnder(context, plan);
  },
};
