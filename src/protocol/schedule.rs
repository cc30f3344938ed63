//! The schedule of waits: settling, backoff, `Retry-After`. Jitter comes in as a number in `[0, 1)`.

use super::http::RetryAfter;

/// First wait while the platform settles; it doubles from one wait to the next.
pub const SETTLE_FIRST_MS: f64 = 100.0;
/// Waits while settling vary by this share to both sides, so that many callers do not read in step.
pub const SETTLE_JITTER: f64 = 0.2;
/// Upper end of the first wait after a transient failure; it doubles from one failure to the next.
pub const BACKOFF_FIRST_MS: f64 = 250.0;
pub const BACKOFF_MAX_MS: f64 = 5_000.0;

/// The wait before read number `polls` (from 0) of a settling period.
pub fn settle_ms(polls: u32, random: f64) -> f64 {
    SETTLE_FIRST_MS * doubled(polls) * (1.0 - SETTLE_JITTER + 2.0 * SETTLE_JITTER * random)
}

/// The wait after transient failure number `failures` (from 1) in a row: exponential with full jitter.
pub fn backoff_ms(failures: u32, random: f64) -> f64 {
    (BACKOFF_FIRST_MS * doubled(failures.saturating_sub(1))).min(BACKOFF_MAX_MS) * random
}

fn doubled(times: u32) -> f64 {
    // 2^31 is past every limit; the cap keeps the shift defined.
    f64::from(1_u32 << times.min(31))
}

/// `Retry-After` in milliseconds (RFC 9110, section 10.2.3): seconds, or a date; `None` where it is neither.
///
/// Hosts take far more for a date than the RFC does ("1.5" is one to V8): all of its forms hold a time of day.
pub fn retry_after_ms(header: &RetryAfter) -> Option<f64> {
    let date_ms = header.date_ms.filter(|_| header.value.contains(':'));
    seconds_ms(header.value.trim()).or_else(|| date_ms.map(|date_ms| (date_ms - header.received_ms).max(0.0)))
}

/// The N of "Retry the request in [N] seconds", the platform's text of a 429 since API release 114 (2021-06).
pub fn retry_in_message_ms(message: &str) -> Option<f64> {
    let (_, from) = message.split_once("Retry the request in [")?;
    let (seconds, _) = from.split_once("] seconds")?;
    seconds_ms(seconds)
}

/// Whole seconds to milliseconds; as many as a `u32` counts.
fn seconds_ms(text: &str) -> Option<f64> {
    let is_whole = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_whole.then(|| f64::from(text.parse().unwrap_or(u32::MAX)) * 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settles_in_doubling_steps_with_a_fifth_of_jitter() {
        let waits: Vec<f64> = (0..4).map(|poll| settle_ms(poll, 0.5)).collect();
        assert_eq!(waits, [100.0, 200.0, 400.0, 800.0]);
        assert_eq!(settle_ms(0, 0.0), 80.0);
        assert!((settle_ms(1, 1.0) - 240.0).abs() < 1e-9);
        assert!(settle_ms(u32::MAX, 1.0).is_finite());
    }

    #[test]
    fn backs_off_with_full_jitter_up_to_five_seconds() {
        assert_eq!(backoff_ms(1, 0.0), 0.0);
        assert_eq!(
            [1, 2, 3, 4, 5, 6, 7].map(|failures| backoff_ms(failures, 1.0)),
            [250.0, 500.0, 1000.0, 2000.0, 4000.0, 5000.0, 5000.0]
        );
    }

    #[test]
    fn reads_retry_after_as_seconds_or_date() {
        let now = 1_445_412_480_000.0; // Wed, 21 Oct 2015 07:28:00 GMT
        for (value, date_ms, expected) in [
            ("0", None, Some(0.0)),
            (" 120 ", Some(now), Some(120_000.0)),
            ("Wed, 21 Oct 2015 07:28:07 GMT", Some(now + 7_000.0), Some(7_000.0)),
            ("Wed, 21 Oct 2015 07:27:00 GMT", Some(now - 60_000.0), Some(0.0)),
            ("Wed, 99 Oct 2015 07:28:07 GMT", None, None),
            ("99999999999", None, Some(4_294_967_295_000.0)),
            // V8 reads years into these.
            ("-1", Some(978_303_600_000.0), None),
            ("1.5", Some(978_649_200_000.0), None),
            ("", None, None),
            ("soon", None, None),
        ] {
            let header = RetryAfter { value: value.to_owned(), date_ms, received_ms: now };
            assert_eq!(retry_after_ms(&header), expected, "{value:?}");
        }
    }

    #[test]
    fn reads_the_wait_from_the_platforms_message() {
        assert_eq!(
            retry_in_message_ms("Rate limit exceeded the maximum. Retry the request in [17] seconds"),
            Some(17_000.0)
        );
        assert_eq!(retry_in_message_ms("Retry the request in [soon] seconds"), None);
        assert_eq!(retry_in_message_ms("Rate limit exceeded"), None);
    }
}
