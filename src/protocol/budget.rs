//! The budget of requests: a count in a window of time, as the platform limits them.
//!
//! Requests go at once as long as slots of the window are left; the rest waits in a queue for the end of the window.
//! [`Budget::ask`] returns the request that goes next, or when one may. A read is granted two slots, its own and that
//! of the write that may follow: if the write had to wait for a slot, the read would be too old by then.
//!
//! Times are in milliseconds, `now` on one monotonic clock.

/// The platform's default limit (`token.rate.per.minute`).
pub const REQUESTS_PER_MINUTE: f64 = 300.0;
/// The length of a window, until another one is reported.
const WINDOW_MS: f64 = 60_000.0;
/// Requests that may be under way before the first response has reported the limits.
const FIRST_REQUESTS: u32 = 4;
/// A longer time to the end of a window is ignored: the limits are for a minute.
const MAX_WINDOW_MS: f64 = 600_000.0;
/// How long a 429 without a time pauses all requests.
const PAUSE_MS: f64 = 1_000.0;
/// After so many requests with priority in a row, one without goes first.
pub const MAX_PRIORITY_IN_A_ROW: u32 = 16;

/// The limits that a response reports. `None` where the response, or the host, does not show them.
#[derive(Clone, Copy, Default, PartialEq, Debug)]
pub struct Limits {
    /// `inin-ratelimit-allowed`: requests in a window.
    pub allowed: Option<f64>,
    /// `inin-ratelimit-count`: requests of this window so far.
    pub count: Option<f64>,
    /// `inin-ratelimit-reset`: milliseconds until the window ends.
    pub reset_ms: Option<f64>,
    /// Of a 429: the wait that it requests, in milliseconds.
    pub retry_after_ms: Option<f64>,
    /// The response is a 429.
    pub is_exceeded: bool,
}

/// A place in the queue.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Ticket(u32);

/// What a request is for: it decides on the place in the queue and on the slots that it is granted.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Purpose {
    /// A read that a write may follow.
    Read,
    /// A request that directly follows another of the same call: it goes before the first requests of other calls.
    Next,
    /// A read that is repeated because its write had to wait for too long: it waits until both slots are free, and goes
    /// first.
    Pair,
    /// A request that no other follows.
    Single,
}

/// The result of [`Budget::ask`].
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Answer {
    /// The first request in the queue goes now.
    Go {
        /// Its place in the queue, which it has left.
        ticket: Ticket,
        /// It is granted the slot of its write too.
        with_write: bool,
    },
    /// No request goes for so many milliseconds, or until a response arrives.
    Wait(f64),
    /// No request goes until a response arrives; or the queue is empty.
    Idle,
}

/// A budget, with the requests that wait for it.
///
/// The host calls [`enter`](Budget::enter), then [`ask`](Budget::ask) until it returns no `Go`. Each request that was
/// granted ends in exactly one of [`answered`](Budget::answered), [`lost`](Budget::lost),
/// [`give_back`](Budget::give_back) or [`handed_out`](Budget::handed_out); each slot of a write in
/// [`use_reserved`](Budget::use_reserved) or [`free_reserved`](Budget::free_reserved).
#[derive(Clone, PartialEq, Debug)]
pub struct Budget {
    /// Requests in a window.
    allowed: f64,
    /// Requests of this window that have ended: the greatest count reported, or counted here.
    counted: f64,
    /// The end of this window; `None` before its first request.
    window_ends: Option<f64>,
    /// The end of the window before.
    last_window_ended: f64,
    /// `window_ends` was reported; otherwise it is a whole window after the first request.
    is_end_reported: bool,
    /// The length of a window: the longest time until an end that was reported.
    window_ms: f64,
    /// `window_ms` was reported.
    is_window_reported: bool,
    /// After a 429: no request goes before `window_ends`.
    is_paused: bool,
    /// A response has reported its limits, or that it has none.
    is_known: bool,
    /// Requests granted that have not ended.
    under_way: u32,
    /// Of `under_way`, the requests handed out before the first report.
    unreported: u32,
    /// Slots of writes whose reads are under way or have just been answered.
    reserved: u32,
    /// Indexed by `WITH_PRIORITY` and `WITHOUT`.
    queues: [Queue; 2],
    priority_in_a_row: u32,
    last_ticket: u32,
}

/// The waiting requests, the next one first.
type Queue = Vec<(Ticket, Purpose)>;

const WITH_PRIORITY: usize = 0;
const WITHOUT: usize = 1;

impl Budget {
    /// A budget that nothing has used yet, with this limit until another one is reported.
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
            queues: [Queue::new(), Queue::new()],
            priority_in_a_row: 0,
            last_ticket: 0,
        }
    }

    /// The request that goes next.
    pub fn first(&self) -> Option<Ticket> {
        self.queues.get(self.next_queue()?)?.first().map(|(ticket, _)| *ticket)
    }

    /// Takes a place in the queue.
    pub fn enter(&mut self, purpose: Purpose, priority: bool) -> Ticket {
        self.last_ticket = self.last_ticket.wrapping_add(1);
        let ticket = Ticket(self.last_ticket);
        let [with, without] = &mut self.queues;
        let queue = if priority { with } else { without };
        match purpose {
            Purpose::Next | Purpose::Pair => queue.insert(0, (ticket, purpose)),
            Purpose::Read | Purpose::Single => queue.push((ticket, purpose)),
        }
        ticket
    }

    /// Moves a request to the queue with priority, because a caller with priority has joined its flight.
    pub fn prioritize(&mut self, ticket: Ticket) {
        let [with, without] = &mut self.queues;
        if let Some(index) = without.iter().position(|(one, _)| *one == ticket) {
            let moved = without.remove(index);
            let index = if matches!(moved.1, Purpose::Next | Purpose::Pair) { 0 } else { with.len() };
            with.insert(index, moved);
        }
    }

    /// Gives up a place in the queue.
    pub fn leave(&mut self, ticket: Ticket) {
        self.queues.iter_mut().for_each(|queue| queue.retain(|(one, _)| *one != ticket));
    }

    /// The request that goes next. It leaves the queue and counts as under way. To be called after every change, until
    /// it returns no `Go`.
    pub fn ask(&mut self, now: f64) -> Answer {
        self.roll_window(now);
        let Some(queue) = self.next_queue() else { return Answer::Idle };
        let is_pair =
            self.queues.get(queue).and_then(|queue| queue.first()).is_some_and(|(_, one)| *one == Purpose::Pair);
        let needed = if is_pair { self.allowed.min(2.0) } else { 1.0 };
        if self.is_paused || self.allowed - self.counted < needed {
            // A window begins with its first request; here none may go, so it begins now.
            let ends = *self.window_ends.get_or_insert(now + self.window_ms);
            return Answer::Wait(ends - now);
        }
        let free = self.free_slots();
        if free < needed || (!self.is_known && self.under_way >= FIRST_REQUESTS) {
            return Answer::Idle;
        }
        let (ticket, purpose) =
            self.queues.get_mut(queue).map_or((Ticket(0), Purpose::Single), |queue| queue.remove(0));
        self.priority_in_a_row = if queue == WITH_PRIORITY { self.priority_in_a_row + 1 } else { 0 };
        self.start(now);
        let with_write = matches!(purpose, Purpose::Read | Purpose::Pair) && free >= 2.0;
        self.reserved += u32::from(with_write);
        Answer::Go { ticket, with_write }
    }

    /// Uses the slot that was granted with a read, for its write, which goes now. False where another client or
    /// application has used the slot meanwhile; the write then needs a place in the queue.
    pub fn use_reserved(&mut self, now: f64) -> bool {
        self.roll_window(now);
        self.reserved = self.reserved.saturating_sub(1);
        let is_there = !self.is_paused && self.free_slots() >= 1.0;
        if is_there {
            self.start(now);
        }
        is_there
    }

    /// Gives a grant back: its request was not sent.
    pub fn give_back(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
    }

    /// Counts a request that is sent without a slot: a write that is due directly after its read.
    pub fn overdraw(&mut self, now: f64) {
        self.start(now);
    }

    /// Frees the slot that was granted with a read: no write follows.
    pub fn free_reserved(&mut self) {
        self.reserved = self.reserved.saturating_sub(1);
    }

    /// A request ended without a response. It counts, because the platform may have counted it.
    pub fn lost(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
        self.counted += 1.0;
    }

    /// A request was granted to a user of `RateBudget.take`, whose reports do not tell which request they belong to: it
    /// counts as ended, or, before the first report, as under way.
    pub fn handed_out(&mut self) {
        if self.is_known {
            self.lost();
        } else {
            self.unreported += 1;
        }
    }

    /// A request ended in a response.
    pub fn answered(&mut self, limits: &Limits, now: f64) {
        self.roll_window(now);
        self.under_way = self.under_way.saturating_sub(1);
        if limits.count.is_none() {
            self.counted += 1.0;
        }
        self.report(limits, now);
    }

    /// Takes over the limits that a response reported.
    pub fn report(&mut self, limits: &Limits, now: f64) {
        self.roll_window(now);
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
            // A 429 has set when the next window starts.
            _ if self.is_paused => {}
            (Some(count), Some(reset_ms)) => self.report_count(count, reset_ms, now),
            (Some(count), None) => self.counted = self.counted.max(count),
            (None, _) => {}
        }
    }

    /// Takes over a count with the time until its window ends. Responses may overtake each other, so the end decides to
    /// which window a count belongs. Rounding up to whole seconds and the time of the response make that end too late,
    /// never too early: of several ends of one window the earliest counts.
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

    /// In how many milliseconds, at the earliest, this request may go; `None` where it waits for a response only.
    pub fn wait_ms(&self, ticket: Ticket, now: f64) -> Option<f64> {
        // Requests ahead of it; a pair needs one slot more.
        let ahead = |queue: &Queue| {
            let place = queue.iter().position(|(one, _)| *one == ticket)?;
            let is_pair = queue.get(place).is_some_and(|(_, purpose)| *purpose == Purpose::Pair) && self.allowed >= 2.0;
            Some(place + usize::from(is_pair))
        };
        let [with, without] = &self.queues;
        let place = ahead(with).or_else(|| ahead(without).map(|place| place + with.len()))? as f64;
        let ends = self.window_ends?;
        let left = if self.is_paused { 0.0 } else { (self.allowed - self.counted).max(0.0) };
        // Windows that have to end first.
        let windows = if place < left { 0.0 } else { ((place - left) / self.allowed).floor() + 1.0 };
        (windows > 0.0).then(|| (ends - now).max(0.0) + (windows - 1.0) * self.window_ms)
    }

    /// In how many milliseconds the window ends.
    pub fn window_ends_in_ms(&self, now: f64) -> Option<f64> {
        self.window_ends.map(|ends| ends - now)
    }

    /// Whether no request is under way and none waits.
    #[cfg(test)]
    fn is_idle(&self) -> bool {
        self.under_way == 0 && self.reserved == 0 && self.queues.iter().all(Queue::is_empty)
    }

    /// Counts the requests that were handed out before the first report as ended.
    fn settle_unreported(&mut self) {
        let unreported = std::mem::take(&mut self.unreported);
        self.under_way = self.under_way.saturating_sub(unreported);
        self.counted += f64::from(unreported);
    }

    /// Counts a request as under way.
    fn start(&mut self, now: f64) {
        self.under_way += 1;
        self.window_ends.get_or_insert(now + self.window_ms);
    }

    /// Ends the window whose time is over.
    fn roll_window(&mut self, now: f64) {
        if let Some(ends) = self.window_ends.filter(|&ends| ends <= now) {
            self.settle_unreported();
            (self.counted, self.window_ends, self.last_window_ended) = (0.0, None, ends);
            (self.is_paused, self.is_end_reported) = (false, false);
        }
    }

    /// The slots left, at the least: a request under way may be in `counted` already, or not yet.
    fn free_slots(&self) -> f64 {
        self.allowed - self.counted - f64::from(self.under_way) - f64::from(self.reserved)
    }

    /// The queue of the request that goes next; `None` where both are empty.
    fn next_queue(&self) -> Option<usize> {
        let [with, without] = &self.queues;
        let is_turn_without = self.priority_in_a_row >= MAX_PRIORITY_IN_A_ROW && !without.is_empty();
        let queue = if with.is_empty() || is_turn_without { WITHOUT } else { WITH_PRIORITY };
        self.queues.get(queue).is_some_and(|queue| !queue.is_empty()).then_some(queue)
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

    /// A budget of ten requests a minute, of which one was used at 0 ms.
    fn open() -> Budget {
        let mut budget = Budget::new(300.0);
        assert!(go(&mut budget, Purpose::Single, 0.0).is_some());
        budget.answered(&OPEN, 0.0);
        budget
    }

    /// Enters a request. Where it may go at once, whether it has the slot of a write; otherwise it leaves the queue.
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

    /// How many single requests may go at once.
    fn many(budget: &mut Budget, now: f64) -> usize {
        (0..1_000).take_while(|_| go(budget, Purpose::Single, now).is_some()).count()
    }

    #[test]
    fn at_most_four_before_the_first_response() {
        let mut budget = Budget::new(300.0);
        assert_eq!(many(&mut budget, 0.0), 4);
        // A request without a response reports no limits.
        budget.lost();
        assert_eq!(many(&mut budget, 0.0), 1);
        budget.answered(&Limits::default(), 10.0);
        assert_eq!(many(&mut budget, 10.0), 300 - 5);
        assert_eq!(many(&mut Budget::new(2.0), 0.0), 2);
    }

    #[test]
    fn requests_within_the_limit_go_at_once_and_the_rest_at_the_reset() {
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
    fn responses_may_overtake_each_other() {
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
        // A response of a window that was not known.
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
            budget.queues = [Queue::new(), Queue::new()];
        }
    }

    #[test]
    fn without_headers_the_own_count_is_used() {
        let mut budget = Budget::new(5.0);
        for _ in 0..5 {
            assert!(go(&mut budget, Purpose::Single, 0.0).is_some());
            budget.answered(&Limits::default(), 10.0);
        }
        budget.enter(Purpose::Single, false);
        assert_eq!(budget.ask(10.0), Answer::Wait(59_990.0));
        // A count without the end of its window; an impossible limit.
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
    fn a_place_may_gain_priority() {
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
        // A grant that was not used is given back.
        assert_eq!(go(&mut budget, Purpose::Single, 0.0), Some(false));
        budget.give_back();
        budget.report(&Limits { count: Some(8.0), ..OPEN }, 0.0);
        let other = budget.enter(Purpose::Read, false);
        let pair = budget.enter(Purpose::Pair, false);
        assert_eq!(budget.ask(60_000.0), Answer::Go { ticket: pair, with_write: true });
        assert_eq!(budget.ask(60_000.0), Answer::Go { ticket: other, with_write: true });
        budget.overdraw(60_000.0);
        assert_eq!(many(&mut budget, 60_000.0), 10 - 5);
        // Where only one request is allowed, one slot is enough.
        let mut budget = Budget::new(1.0);
        assert_eq!(go(&mut budget, Purpose::Pair, 0.0), Some(false));
    }

    #[test]
    fn estimates_how_long_a_place_waits() {
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
    fn requests_that_were_handed_out_count_as_ended() {
        let mut budget = Budget::new(10.0);
        for _ in 0..4 {
            assert!(go(&mut budget, Purpose::Single, 0.0).is_some());
            budget.handed_out();
        }
        assert_eq!(go(&mut budget, Purpose::Single, 0.0), None);
        budget.report(&Limits::default(), 0.0);
        for _ in 0..6 {
            assert!(go(&mut budget, Purpose::Single, 0.0).is_some());
            budget.handed_out();
        }
        budget.enter(Purpose::Single, false);
        assert_eq!(budget.ask(1_000.0), Answer::Wait(59_000.0));
        // Without a report, the next window frees them.
        let mut budget = Budget::new(10.0);
        for _ in 0..4 {
            assert!(go(&mut budget, Purpose::Single, 0.0).is_some());
            budget.handed_out();
        }
        assert!(go(&mut budget, Purpose::Single, 60_000.0).is_some());
    }
}
