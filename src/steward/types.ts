import type { NodeId } from '../base/index.ts';
import type { MembershipChange } from '../raft/index.ts';

/** A slot as the tree has it: `/ctl/cal/<name>`, empty or the id of a member. */
export type Slot = { readonly name: string; readonly holder: NodeId | null };

/** A voter or learner other than the leader, as the leader knows it. */
export type OtherMember = {
  readonly id: NodeId;
  /**
   * Since anything was heard of it, or since it became a member if nothing ever was; own stalls
   * subtracted. `null`: not known yet, and nobody is judged by that.
   */
  readonly silentMs: number | null;
  /** It has acknowledged within an election timeout. */
  readonly acknowledges: boolean;
  /** It has had all that was committed for this long, without a break. 0: it lags. */
  readonly keepsUpMs: number;
};

/** Everything a decision rests on. Taken on the leader, after it has applied its own no-op. */
export type StewardView = {
  readonly self: NodeId;
  readonly voters: readonly NodeId[];
  /** In the order they attached. */
  readonly learners: readonly NodeId[];
  readonly parked: readonly NodeId[];
  readonly others: ReadonlyMap<NodeId, OtherMember>;
  readonly slots: readonly Slot[];
  readonly leadingForMs: number;
  /** Since the voters last changed. Learners come and go without it. */
  readonly sinceChangeMs: number;
  /** Members that the steward marked as down in /ctl/node/ID/state. */
  readonly markedDown: ReadonlySet<NodeId>;
};

export type StewardOptions = {
  /** -timeout. 0 turns the removal of the silent off. */
  readonly silenceMs: number;
  /** -min-voters: the silent are not removed below this. */
  readonly minVoters: number;
  readonly promoteAfterMs: number;
  /** What the cluster takes for an election timeout, if other than usual. */
  readonly electionTimeoutTicks?: number;
};

/** One step towards what is wanted. `why` is for the log and for people. */
export type Decision =
  | { readonly kind: 'change'; readonly change: MembershipChange; readonly why: string }
  /** Leadership goes elsewhere first; the next leader finishes. */
  | { readonly kind: 'transfer'; readonly to: NodeId | null; readonly why: string }
  /** The silent voter cannot be removed; people shall see it. */
  | { readonly kind: 'markDown'; readonly id: NodeId; readonly why: string }
  | { readonly kind: 'clearMark'; readonly id: NodeId; readonly why: string };
