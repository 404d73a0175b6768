package io.vlfinetune.e2e.faults;

/** What can happen to the operator's watches when one event is about to be delivered. */
public enum WatchFault {
    /** The watch of this event's kind stands still for a while. */
    Freeze,
    /** All watches stand still for a while. */
    FreezeAll,
    /** The connection of this watch breaks; it goes on where it was. */
    Disconnect,
    /** All watches are told that they are too old (410): everything is listed again. */
    Expire,
    /** Nothing is delivered for a while, and then everything is listed again: states in between are never seen. */
    Gap,
    /** This watch is connected anew to a server that repeats all events since the run was created. */
    Rewind,
    /** All is listed again, from a server that is a few events behind and stays there for a while. */
    StaleListFew,
    /** All is listed again, from a server that has just heard of the run and stays there for a while. */
    StaleListStart,
    /** The operator is killed. */
    Killed,
    /** The operator is killed, and the next one starts from a server that is a few events behind. */
    KilledThenStaleFew,
    /** The operator is killed, and the next one starts from a server that has just heard of the run. */
    KilledThenStaleStart
}
