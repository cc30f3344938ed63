//! The budget of requests: a count in a window, as the platform has it.
//!
//! What is left of the window may go at once, the rest waits for its end. `ask(now)` says who goes next, or when
//! somebody may. A call that reads is given the slot of its write with that of its read, because a read that has to
//! wait for its write is too old by then.

/// The platform's default (`token.rate.per.minute`), and the length of its window.
pub const REQUESTS_PER_MINUTE: f64 = 300.0;
pub const WINDOW_MS: f64 = 60_000.0;
/// Requests that may be under way before the first response has shown what is left.
pub const FIRST_REQUESTS: u32 = 4;
/// A longer one is no limit a minute: a mistake of whoever answers.
pub const MAX_WINDOW_MS: f64 = 600_000.0;
/// How long a 429 that names no time pauses all.
pub const PAUSE_MS: f64 = 1_000.0;
/// After so many requests with priority in a row, one without goes first.
pub const MAX_PRIORITY_IN_A_ROW: u32 = 16;

/// What a response says of the limits: the headers `inin-ratelimit-allowed`, `-count` and `-reset`, and of a 429 the
/// wait that it requests. Absent is what the host hides.
#[derive(Clone, Copy, Default, PartialEq, Debug)]
pub struct Limits {
    pub allowed: Option<f64>,
    pub count: Option<f64>,
    pub reset_ms: Option<f64>,
    pub retry_after_ms: Option<f64>,
    /// The response is a 429.
    pub is_exceeded: bool,
}

/// A place in the line.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Ticket(u32);

/// What a request is to its call.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Purpose {
    /// A read, which a write may follow.
    Read,
    /// The request that directly follows another of the same call: it goes before those that begin.
    Next,
    /// A read once more, because its write had to wait for too long: it waits for the slots of both.
    Pair,
    /// No other follows.
    Single,
}

/// Who goes next.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Answer {
    /// This one, now; with the slot of its write where there is one to give.
    Go { ticket: Ticket, with_write: bool },
    /// Nobody for so long, or until a response arrives.
    Wait(f64),
    /// Nobody until a response arrives, or nobody waits.
    Idle,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Budget {
    allowed: f64,
    /// Requests of this window: as reported, or as many as were made.
    counted: f64,
    /// The end of this window; `None` before its first request. And of the one before.
    window_ends: Option<f64>,
    last_window_ended: f64,
    /// That end was reported; otherwise it is a whole window after the first request.
    is_end_reported: bool,
    /// The length of a window: the longest time that was reported to be left of one.
    window_ms: f64,
    is_window_reported: bool,
    /// A 429 said that nothing goes before the window ends.
    is_paused: bool,
    /// A response has arrived.
    is_known: bool,
    under_way: u32,
    /// Of those, before the first report, the ones given away.
    unreported: u32,
    /// Slots of writes whose reads are under way or have just been answered.
    reserved: u32,
    lines: [Line; 2],
    priority_in_a_row: u32,
    last_ticket: u32,
}

/// Who waits, in order.
type Line = Vec<(Ticket, Purpose)>;

const WITH_PRIORITY: usize = 0;
const WITHOUT: usize = 1;

impl Budget {
    pub fn new(requests_per_minute: f64) -> Self {
        Budget {
            allowed: requests_per_minute,
            counted: 0.0,
            window_ends: None,
            last_window_ended: f64::NEG_INFINITY,
            is_end_reported: false,
            window_ms: WINDOW_MS,
            is_window_reported: false,
            is_paused: false,
            is_known: false,
            under_way: 0,
            unreported: 0,
            reserved: 0,
            lines: [Line::new(), Line::new()],
            priority_in_a_row: 0,
            last_ticket: 0,
        }
    }

    /// Who goes next, if anybody.
    pub fn first(&self) -> Option<Ticket> {
        self.lines.get(self.next_line()?)?.first().map(|(ticket, _)| *ticket)
    }

    /// Takes a place in the line.
    pub fn enter(&mut self, purpose: Purpose, priority: bool) -> Ticket {
        self.last_ticket = self.last_ticket.wrapping_add(1);
        let ticket = Ticket(self.last_ticket);
        let [with, without] = &mut self.lines;
        let line = if priority { with } else { without };
        match purpose {
            Purpose::Next | Purpose::Pair => line.insert(0, (ticket, purpose)),
            Purpose::Read | Purpose::Single => line.push((ticket, purpose)),
        }
        ticket
    }

    /// Moves to the line with priority: somebody with priority has joined.
    pub fn prioritize(&mut self, ticket: Ticket) {
        let [with, without] = &mut self.lines;
        if let Some(index) = without.iter().position(|(one, _)| *one == ticket) {
            let moved = without.remove(index);
            let index = if matches!(moved.1, Purpose::Next | Purpose::Pair) { 0 } else { with.len() };
            with.insert(index, moved);
        }
    }

    /// Leaves the line without a request.
    pub fn leave(&mut self, ticket: Ticket) {
        self.lines.iter_mut().for_each(|line| line.retain(|(one, _)| *one != ticket));
    }

    /// Who goes next: call it again until nobody does, after everything that changed. Who goes has left the line, and
    /// its request counts as under way.
    pub fn ask(&mut self, now: f64) -> Answer {
        self.turn(now);
        let Some(line) = self.next_line() else { return Answer::Idle };
        let is_pair = self.lines.get(line).and_then(|line| line.first()).is_some_and(|(_, one)| *one == Purpose::Pair);
        let needed = if is_pair { self.allowed.min(2.0) } else { 1.0 };
        if self.is_paused || self.allowed - self.counted < needed {
            // Without a window nothing would ever end.
            let ends = *self.window_ends.get_or_insert(now + self.window_ms);
            return Answer::Wait(ends - now);
        }
        let free = self.free();
        if free < needed || (!self.is_known && self.under_way >= FIRST_REQUESTS) {
            return Answer::Idle;
        }
        let (ticket, purpose) = self.lines.get_mut(line).map_or((Ticket(0), Purpose::Single), |line| line.remove(0));
        self.priority_in_a_row = if line == WITH_PRIORITY { self.priority_in_a_row + 1 } else { 0 };
        self.start(now);
        let with_write = matches!(purpose, Purpose::Read | Purpose::Pair) && free >= 2.0;
        self.reserved += u32::from(with_write);
        Answer::Go { ticket, with_write }
    }

    /// The slot that was given with a read: its write goes now, unless others have used it up since.
    pub fn use_reserved(&mut self, now: f64) -> bool {
        self.turn(now);
        self.reserved = self.reserved.saturating_sub(1);
        let is_there = !self.is_paused && self.free() >= 1.0;
        if is_there {
            self.start(now);
        }
        is_there
    }

    /// A grant is given back: its request was not sent.
    pub fn give_back(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
    }

    /// A request is sent that nobody could wait for.
    pub fn overdraw(&mut self, now: f64) {
        self.start(now);
    }

    /// The slot that was given with a read is not needed.
    pub fn free_reserved(&mut self) {
        self.reserved = self.reserved.saturating_sub(1);
    }

    /// A request ended without a response; the platform may have counted it.
    pub fn lost(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
        self.counted += 1.0;
    }

    /// A request was granted to somebody who reports what the platform says, but not which request it answers: it
    /// counts as made, or, before the first report, as under way.
    pub fn given_away(&mut self) {
        if self.is_known {
            self.lost();
        } else {
            self.unreported += 1;
        }
    }

    /// A request ended in a response.
    pub fn answered(&mut self, limits: &Limits, now: f64) {
        self.turn(now);
        self.under_way = self.under_way.saturating_sub(1);
        if limits.count.is_none() {
            self.counted += 1.0;
        }
        self.report(limits, now);
    }

    /// What a response said of the limits.
    pub fn report(&mut self, limits: &Limits, now: f64) {
        self.turn(now);
        self.is_known = true;
        self.settle_unreported();
        if let Some(allowed) = limits.allowed.filter(|&allowed| allowed >= 1.0) {
            self.allowed = allowed;
        }
        if limits.is_exceeded {
            let ends = now + limits.retry_after_ms.or(limits.reset_ms).unwrap_or(PAUSE_MS);
            self.window_ends = self.window_ends.filter(|&earlier| self.is_paused && earlier > ends).or(Some(ends));
            self.is_paused = true;
        }
        match (limits.count, limits.reset_ms) {
            // A 429 has said when the next window starts.
            _ if self.is_paused => {}
            (Some(count), Some(reset_ms)) => self.report_count(count, reset_ms, now),
            (Some(count), None) => self.counted = self.counted.max(count),
            (None, _) => {}
        }
    }

    /// Responses overtake each other: whether one is of this window is told by its end. That it is reported in whole
    /// seconds, and took its time, makes it late, never early.
    fn report_count(&mut self, count: f64, reset_ms: f64, now: f64) {
        if reset_ms > MAX_WINDOW_MS {
            return;
        }
        self.window_ms = if self.is_window_reported { self.window_ms.max(reset_ms) } else { reset_ms.max(1.0) };
        let (ends, half_ms) = (now + reset_ms, self.window_ms / 2.0);
        let known = self.window_ends.filter(|_| self.is_end_reported);
        let is_of_an_earlier_window =
            ends < self.last_window_ended + half_ms || known.is_some_and(|known| ends < known - half_ms);
        if is_of_an_earlier_window {
            return;
        }
        let is_of_this_window = known.is_some_and(|known| ends <= known + half_ms);
        self.counted = if is_of_this_window { self.counted.max(count) } else { count };
        self.window_ends = known.filter(|&known| is_of_this_window && known < ends).or(Some(ends));
        (self.is_end_reported, self.is_window_reported) = (true, true);
    }

    /// In how many milliseconds, at the earliest, this one may go; `None` where it waits for a response only.
    pub fn wait_ms(&self, ticket: Ticket, now: f64) -> Option<f64> {
        let ahead = |line: &Line| {
            let place = line.iter().position(|(one, _)| *one == ticket)?;
            let is_pair = line.get(place).is_some_and(|(_, purpose)| *purpose == Purpose::Pair) && self.allowed >= 2.0;
            Some(place + usize::from(is_pair))
        };
        let [with, without] = &self.lines;
        let place = ahead(with).or_else(|| ahead(without).map(|place| place + with.len()))? as f64;
        let ends = self.window_ends?;
        let left = if self.is_paused { 0.0 } else { (self.allowed - self.counted).max(0.0) };
        // Windows that have to end first.
        let windows = if place < left { 0.0 } else { ((place - left) / self.allowed).floor() + 1.0 };
        (windows > 0.0).then(|| (ends - now).max(0.0) + (windows - 1.0) * self.window_ms)
    }

    /// In how many milliseconds the window ends.
    pub fn turns_in_ms(&self, now: f64) -> Option<f64> {
        self.window_ends.map(|ends| ends - now)
    }

    pub fn is_idle(&self) -> bool {
        self.under_way == 0 && self.reserved == 0 && self.lines.iter().all(Line::is_empty)
    }

    fn settle_unreported(&mut self) {
        let unreported = std::mem::take(&mut self.unreported);
        self.under_way = self.under_way.saturating_sub(unreported);
        self.counted += f64::from(unreported);
    }

    /// Starts a request.
    fn start(&mut self, now: f64) {
        self.under_way += 1;
        self.window_ends.get_or_insert(now + self.window_ms);
    }

    /// Ends the window whose time is over.
    fn turn(&mut self, now: f64) {
        if let Some(ends) = self.window_ends.filter(|&ends| ends <= now) {
            self.settle_unreported();
            (self.counted, self.window_ends, self.last_window_ended) = (0.0, None, ends);
            (self.is_paused, self.is_end_reported) = (false, false);
        }
    }

    /// What is left: every request under way may be counted already, or not yet.
    fn free(&self) -> f64 {
        self.allowed - self.counted - f64::from(self.under_way) - f64::from(self.reserved)
    }

    fn next_line(&self) -> Option<usize> {
        let [with, without] = &self.lines;
        let is_turn_of_others = self.priority_in_a_row >= MAX_PRIORITY_IN_A_ROW && !without.is_empty();
        let line = if with.is_empty() || is_turn_of_others { WITHOUT } else { WITH_PRIORITY };
        self.lines.get(line).is_some_and(|line| !line.is_empty()).then_some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: Limits = Limits {
        allowed: Some(10.0),
        count: Some(1.0),
        reset_ms: Some(60_000.0),
        retry_after_ms: None,
        is_exceeded: false,
    };

    /// A budget of ten a minute, of which one was used at 0 ms.
    fn open() -> Budget {
        let mut budget = Budget::new(300.0);
        assert!(go(&mut budget, Purpose::Single, 0.0).is_some());
        budget.answered(&OPEN, 0.0);
        budget
    }

    /// Whether a request may go at once, and with the slot of a write; otherwise it leaves again.
    fn go(budget: &mut Budget, purpose: Purpose, now: f64) -> Option<bool> {
        let ticket = budget.enter(purpose, false);
        match budget.ask(now) {
            Answer::Go { ticket: granted, with_write } => {
                assert_eq!(granted, ticket);
                Some(with_write)
            }
            Answer::Wait(_) | Answer::Idle => {
                budget.leave(ticket);
                None
            }
        }
    }

    fn many(budget: &mut Budget, now: f64) -> usize {
        (0..1_000).take_while(|_| go(budget, Purpose::Single, now).is_some()).count()
    }

    #[test]
    fn at_most_four_before_the_first_response() {
        let mut budget = Budget::new(300.0);
        assert_eq!(many(&mut budget, 0.0), 4);
        // Which of them was lost says nothing.
        budget.lost();
        assert_eq!(many(&mut budget, 0.0), 1);
        budget.answered(&Limits::default(), 10.0);
        assert_eq!(many(&mut budget, 10.0), 300 - 5);
        assert_eq!(many(&mut Budget::new(2.0), 0.0), 2);
    }

    #[test]
    fn what_is_left_goes_at_once_and_the_rest_at_the_reset() {
        let mut budget = open();
        assert_eq!(many(&mut budget, 1.0), 9);
        budget.enter(Purpose::Single, false);
        // Nine are under way: whether they are counted is not known.
        assert_eq!(budget.ask(1.0), Answer::Idle);
        for count in 2..=10 {
            let limits = Limits { count: Some(f64::from(count)), reset_ms: Some(59_000.0), ..OPEN };
            budget.answered(&limits, 1_000.0);
        }
        assert_eq!(budget.ask(1_000.0), Answer::Wait(59_000.0));
        assert!(matches!(budget.ask(60_000.0), Answer::Go { .. }));
        assert_eq!(many(&mut budget, 60_000.0), 9);
    }

    #[test]
    fn responses_that_are_overtaken_do_no_harm() {
        let mut budget = open();
        let limits = |count, reset_s: f64| Limits { count: Some(count), reset_ms: Some(reset_s * 1_000.0), ..OPEN };
        budget.report(&limits(7.0, 50.0), 10_000.0);
        budget.report(&limits(4.0, 50.0), 10_001.0);
        assert_eq!(budget.counted, 7.0);
        // The end that is reported first is the tighter one.
        assert_eq!(budget.window_ends, Some(60_000.0));
        // The next window has begun; then comes a response of the one before.
        assert!(go(&mut budget, Purpose::Single, 60_500.0).is_some());
        budget.report(&limits(10.0, 1.0), 60_600.0);
        assert_eq!((budget.counted, budget.window_ends), (0.0, Some(120_500.0)));
        budget.report(&limits(3.0, 60.0), 60_700.0);
        assert_eq!((budget.counted, budget.window_ends), (3.0, Some(120_700.0)));
        // A response of a window that nobody knew of.
        budget.report(&limits(2.0, 60.0), 110_000.0);
        assert_eq!((budget.counted, budget.window_ends), (2.0, Some(170_000.0)));
        budget.report(&limits(9.0, 11.0), 110_001.0);
        assert_eq!((budget.counted, budget.window_ends), (2.0, Some(170_000.0)));
    }

    #[test]
    fn windows_may_be_short() {
        let mut budget = Budget::new(300.0);
        let limits = |count| Limits { count: Some(count), reset_ms: Some(1_000.0), ..OPEN };
        for window in 0..5 {
            let now = f64::from(window) * 1_000.0;
            assert!(go(&mut budget, Purpose::Single, now).is_some());
            budget.answered(&limits(10.0), now);
            budget.enter(Purpose::Single, false);
            assert_eq!(budget.ask(now + 1.0), Answer::Wait(999.0), "window {window}");
            budget.lines = [Line::new(), Line::new()];
        }
    }

    #[test]
    fn hidden_headers_leave_our_own_count() {
        let mut budget = Budget::new(5.0);
        for _ in 0..5 {
            assert!(go(&mut budget, Purpose::Single, 0.0).is_some());
            budget.answered(&Limits::default(), 10.0);
        }
        budget.enter(Purpose::Single, false);
        assert_eq!(budget.ask(10.0), Answer::Wait(59_990.0));
        // A count without the time of its end, and nonsense.
        let mut budget = open();
        budget.report(&Limits { reset_ms: None, count: Some(8.0), ..OPEN }, 5.0);
        assert_eq!(many(&mut budget, 5.0), 2);
        budget.report(&Limits { allowed: Some(0.0), ..Limits::default() }, 6.0);
        assert_eq!(budget.allowed, 10.0);
    }

    #[test]
    fn a_429_pauses_all_for_the_longest_wait_that_was_requested() {
        let exceeded = |retry_after_ms, reset_ms| Limits {
            retry_after_ms,
            reset_ms,
            count: Some(10.0),
            is_exceeded: true,
            ..OPEN
        };
        let mut budget = open();
        budget.enter(Purpose::Single, false);
        budget.report(&exceeded(Some(7_000.0), Some(60_000.0)), 0.0);
        budget.report(&exceeded(Some(5_000.0), None), 1_000.0);
        budget.report(&OPEN, 1_000.0);
        assert_eq!(budget.ask(1_000.0), Answer::Wait(6_000.0));
        assert!(!budget.use_reserved(1_000.0));
        budget.report(&exceeded(Some(9_000.0), None), 1_000.0);
        assert_eq!(budget.ask(1_000.0), Answer::Wait(9_000.0));
        assert!(matches!(budget.ask(10_000.0), Answer::Go { .. }));
        // It was a new window.
        assert_eq!(many(&mut budget, 10_000.0), 9);
        for (reset_ms, expected) in [(Some(4_000.0), 4_000.0), (None, PAUSE_MS)] {
            let mut budget = open();
            budget.enter(Purpose::Single, false);
            budget.report(&exceeded(None, reset_ms), 0.0);
            assert_eq!(budget.ask(0.0), Answer::Wait(expected));
        }
    }

    #[test]
    fn a_read_is_given_the_slot_of_its_write() {
        let mut budget = open();
        // Nine are left: four pairs, and a read alone.
        let pairs: Vec<_> = (0..6).map(|_| go(&mut budget, Purpose::Read, 0.0)).collect();
        assert_eq!(pairs, [Some(true), Some(true), Some(true), Some(true), Some(false), None]);
        for count in 2..=6 {
            budget.answered(&Limits { count: Some(f64::from(count)), ..OPEN }, 0.0);
        }
        assert_eq!(go(&mut budget, Purpose::Single, 0.0), None);
        budget.free_reserved();
        assert_eq!(go(&mut budget, Purpose::Single, 0.0), Some(false));
        budget.answered(&Limits { count: Some(7.0), ..OPEN }, 0.0);
        assert!(budget.use_reserved(0.0));
        budget.answered(&Limits { count: Some(8.0), ..OPEN }, 0.0);
        // Another application has used the rest.
        budget.report(&Limits { count: Some(10.0), ..OPEN }, 0.0);
        assert!(!budget.use_reserved(0.0));
        assert!(!budget.is_idle());
        budget.free_reserved();
        assert!(budget.is_idle());
    }

    #[test]
    fn the_order_is_fair() {
        let mut budget = Budget::new(100.0);
        budget.report(&Limits::default(), 0.0);
        let first = budget.enter(Purpose::Read, false);
        let urgent: Vec<Ticket> = (0..20).map(|_| budget.enter(Purpose::Read, true)).collect();
        let second = budget.enter(Purpose::Single, false);
        let next = budget.enter(Purpose::Next, false);
        let urgent_next = budget.enter(Purpose::Next, true);
        let mut order = Vec::new();
        while let Answer::Go { ticket, .. } = budget.ask(0.0) {
            order.push(ticket);
        }
        let mut expected = vec![urgent_next];
        expected.extend(&urgent[..15]);
        expected.push(next);
        expected.extend(&urgent[15..]);
        expected.extend([first, second]);
        assert_eq!(order, expected);
    }

    #[test]
    fn a_place_may_become_urgent() {
        let mut budget = open();
        budget.report(&Limits { count: Some(10.0), ..OPEN }, 0.0);
        let [first, second, next] = [Purpose::Read, Purpose::Read, Purpose::Next].map(|one| budget.enter(one, false));
        let urgent = budget.enter(Purpose::Read, true);
        budget.prioritize(second);
        budget.prioritize(next);
        budget.prioritize(urgent);
        let mut order = Vec::new();
        while let Answer::Go { ticket, .. } = budget.ask(60_000.0) {
            order.push(ticket);
        }
        assert_eq!(order, [next, urgent, second, first]);
    }

    #[test]
    fn a_pair_waits_for_both_of_its_slots() {
        let mut budget = open();
        budget.report(&Limits { count: Some(9.0), ..OPEN }, 0.0);
        assert_eq!(go(&mut budget, Purpose::Pair, 0.0), None);
        // What was granted and not sent comes back.
        assert_eq!(go(&mut budget, Purpose::Single, 0.0), Some(false));
        budget.give_back();
        budget.report(&Limits { count: Some(8.0), ..OPEN }, 0.0);
        let other = budget.enter(Purpose::Read, false);
        let pair = budget.enter(Purpose::Pair, false);
        assert_eq!(budget.ask(60_000.0), Answer::Go { ticket: pair, with_write: true });
        assert_eq!(budget.ask(60_000.0), Answer::Go { ticket: other, with_write: true });
        budget.overdraw(60_000.0);
        assert_eq!(many(&mut budget, 60_000.0), 10 - 5);
        // Where only one request is allowed, one has to do.
        let mut budget = Budget::new(1.0);
        assert_eq!(go(&mut budget, Purpose::Pair, 0.0), Some(false));
    }

    #[test]
    fn says_how_long_a_place_waits() {
        let mut budget = open();
        budget.report(&Limits { count: Some(10.0), ..OPEN }, 0.0);
        let tickets: Vec<Ticket> = (0..25).map(|_| budget.enter(Purpose::Single, false)).collect();
        let wait = |index: usize| budget.wait_ms(tickets[index], 1_000.0);
        assert_eq!([wait(0), wait(9)], [Some(59_000.0); 2]);
        assert_eq!([wait(10), wait(19)], [Some(119_000.0); 2]);
        assert_eq!(wait(20), Some(179_000.0));
        let urgent = budget.enter(Purpose::Single, true);
        assert_eq!(budget.wait_ms(urgent, 1_000.0), Some(59_000.0));
        assert_eq!(budget.wait_ms(tickets[9], 1_000.0), Some(119_000.0));
        budget.leave(urgent);
        assert_eq!(budget.wait_ms(urgent, 1_000.0), None);
        // Where slots are left, a response is waited for, not time.
        let mut budget = open();
        let ticket = budget.enter(Purpose::Single, false);
        assert_eq!(budget.wait_ms(ticket, 0.0), None);
        assert_eq!(Budget::new(1.0).wait_ms(ticket, 0.0), None);
    }

    #[test]
    fn requests_that_were_given_away_count_as_made() {
        let mut budget = Budget::new(10.0);
        for _ in 0..4 {
            assert!(go(&mut budget, Purpose::Single, 0.0).is_some());
            budget.given_away();
        }
        assert_eq!(go(&mut budget, Purpose::Single, 0.0), None);
        budget.report(&Limits::default(), 0.0);
        for _ in 0..6 {
            assert!(go(&mut budget, Purpose::Single, 0.0).is_some());
            budget.given_away();
        }
        budget.enter(Purpose::Single, false);
        assert_eq!(budget.ask(1_000.0), Answer::Wait(59_000.0));
        // Nobody reports: the next window frees them.
        let mut budget = Budget::new(10.0);
        for _ in 0..4 {
            assert!(go(&mut budget, Purpose::Single, 0.0).is_some());
            budget.given_away();
        }
        assert!(go(&mut budget, Purpose::Single, 60_000.0).is_some());
    }
}
