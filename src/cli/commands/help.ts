import { status } from '../complaint.ts';
import type { Verb } from '../verb.ts';

export const help: Verb = {
  name: 'help',
  args: ['command'],
  summary: 'explain a command',
  help: 'Prints what <command> does, and what it prints.',
  run: async ({ helpOf, terminal }, [name = '']) => {
    await terminal.write(helpOf(name));
    return status.done;
  },
};
