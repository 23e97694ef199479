//! Statistics: how often each thing happened. Every worker counts for itself, and the sums are made at the end; only the
//! number of live threads, whose peak is wanted, is one number for all.

use super::{Event, Left};
use crossbeam_utils::CachePadded;
use std::fmt;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// Main is alive from the beginning.
static LIVE: CachePadded<AtomicI64> = CachePadded::new(AtomicI64::new(1));
static PEAK: AtomicI64 = AtomicI64::new(1);

/// One writer each.
#[derive(Default)]
pub struct Counts {
    threads: AtomicU64,
    switches: AtomicU64,
    parks: AtomicU64,
    yields: AtomicU64,
    slices: AtomicU64,
    inline: AtomicU64,
    steals: AtomicU64,
    stolen: AtomicU64,
}

fn more(count: &AtomicU64, by: u64) {
    // No read-modify-write: nobody else writes it.
    count.store(count.load(Ordering::Relaxed) + by, Ordering::Relaxed);
}

fn ended() {
    LIVE.fetch_sub(1, Ordering::Relaxed);
}

impl Counts {
    pub fn add(&self, event: &Event) {
        match *event {
            Event::Spawn { .. } | Event::OsBegin { .. } => {
                more(&self.threads, 1);
                let live = LIVE.fetch_add(1, Ordering::Relaxed) + 1;
                if live > PEAK.load(Ordering::Relaxed) {
                    PEAK.fetch_max(live, Ordering::Relaxed);
                }
            }
            Event::Run { .. } => more(&self.switches, 1),
            Event::Leave { how: Left::Parked(_), .. } | Event::OsPark { .. } => more(&self.parks, 1),
            Event::Leave { how: Left::Yielded, .. } => more(&self.yields, 1),
            Event::Leave { how: Left::Ended, .. } | Event::OsEnd => ended(),
            Event::SliceEnded { .. } => more(&self.slices, 1),
            Event::InlineBegin { .. } => more(&self.inline, 1),
            Event::InlineEnd { .. } => ended(),
            Event::Steal { count, .. } => {
                more(&self.steals, 1);
                more(&self.stolen, count as u64);
            }
            Event::Wake { .. } | Event::Notified { .. } | Event::Sleep | Event::OsGoOn => {}
        }
    }

    pub fn merge(&self, other: &Counts) {
        for (mine, theirs) in self.all().into_iter().zip(other.all()) {
            more(mine, theirs.load(Ordering::Relaxed));
        }
    }

    fn all(&self) -> [&AtomicU64; 8] {
        let Counts { threads, switches, parks, yields, slices, inline, steals, stolen } = self;
        [threads, switches, parks, yields, slices, inline, steals, stolen]
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [threads, switches, parks, yields, slices, inline, steals, stolen] =
            self.all().map(|count| count.load(Ordering::Relaxed));
        let peak = PEAK.load(Ordering::Relaxed);
        write!(
            f,
            "{} threads, at most {peak} at once; {switches} switches, {parks} parks, {yields} yields, {slices} time slices \
             ended, {inline} run inline; {steals} steals of {stolen} threads",
            threads + 1
        )
    }
}
