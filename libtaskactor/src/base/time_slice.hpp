/// How soon a thread runs when it is woken while all processors are busy.
#pragma once

namespace taskactor::detail {

/// For a thread that does little at a time and that others wait for: it asks the kernel for short slices of
/// time, and runs sooner for that when it is woken, not longer. Its children have the usual ones. Nothing
/// where the kernel doesn't know that (before Linux 6.12) or doesn't allow it, and where somebody has chosen
/// another policy or a higher priority: a child would lose that.
///
/// A body may ask for the thread that it runs on, if that one runs nothing but such bodies: as those of a
/// program that runs commands. Threads: each for itself.
///
/// See sched(7) and sched_setattr(2): for SCHED_OTHER its `sched_runtime` is the slice that is wished for.
void ask_for_short_slices() noexcept;

} // namespace taskactor::detail
