//! The schedule of waits: settling, backoff, `Retry-After`.
//!
//! All results are in milliseconds; `random` is in `[0, 1)`.

use super::http::RetryAfter;

/// The first wait of a settling period.
const SETTLE_FIRST_MS: f64 = 120.0;
/// The factor from one wait of a settling period to the next.
const SETTLE_FACTOR: f64 = 1.25;
/// Waits while settling vary by this share to both sides, so that many callers do not read in step.
const SETTLE_JITTER: f64 = 0.2;
/// The upper end of the first wait after a transient failure; it doubles from one failure to the next.
const BACKOFF_FIRST_MS: f64 = 250.0;
/// The upper end does not grow beyond this.
const BACKOFF_MAX_MS: f64 = 5_000.0;

/// The wait before read number `polls` (from 0) of a settling period.
pub fn settle_ms(polls: u32, random: f64) -> f64 {
    SETTLE_FIRST_MS * power(SETTLE_FACTOR, polls) * (1.0 - SETTLE_JITTER + 2.0 * SETTLE_JITTER * random)
}

/// The wait after transient failure number `failures` (from 1) in a row: exponential with full jitter.
pub fn backoff_ms(failures: u32, random: f64) -> f64 {
    (BACKOFF_FIRST_MS * power(2.0, failures.saturating_sub(1))).min(BACKOFF_MAX_MS) * random
}

/// `base` to the power of `times`, at most 64: the result stays finite, and no longer wait is ever used.
fn power(base: f64, times: u32) -> f64 {
    (0..times.min(64)).fold(1.0, |product, _| product * base)
}

/// `Retry-After` in milliseconds (RFC 9110, section 10.2.3): seconds, rounded up, or a date, which is measured against
/// the response's own `Date`; `None` where it is neither. A header that was sent twice counts once.
///
/// Hosts accept more texts as dates than the RFC does ("1.5" is one to V8). So a date counts only where the value has a
/// colon: all date formats of the RFC contain a time of day.
pub fn retry_after_ms(header: &RetryAfter) -> Option<f64> {
    let date_ms = header.date_ms.filter(|_| header.value.bytes().any(|byte| byte == b':'));
    let now_ms = header.sent_ms.unwrap_or(header.received_ms);
    seconds_ms(once(&header.value)).or_else(|| date_ms.map(|date_ms| (date_ms - now_ms).max(0.0)))
}

/// The value of a header. Where it was sent twice, hosts join both values by a comma; two equal ones count as one.
pub fn once(value: &str) -> &str {
    let value = value.trim();
    match value.split_at_checked(value.len().saturating_sub(1) / 2) {
        Some((first, rest)) if rest.strip_prefix(',').map(str::trim_start) == Some(first.trim_end()) => {
            first.trim_end()
        }
        _ => value,
    }
}

/// N seconds from `Retry the request in [N] seconds`, the platform's message of a 429 since API release 114 (2021-06).
pub fn retry_in_message_ms(message: &str) -> Option<f64> {
    let mut before = "";
    for part in message.split('[') {
        if let Some((seconds, after)) = part.split_once(']')
            && before.ends_with("Retry the request in ")
            && after.starts_with(" seconds")
        {
            return seconds_ms(seconds);
        }
        before = part;
    }
    None
}

/// Seconds as decimal digits, to milliseconds; a fraction is rounded up to a second. Limited to `u32::MAX` seconds.
fn seconds_ms(text: &str) -> Option<f64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_number = !whole.is_empty() && are_digits(whole) && are_digits(fraction);
    let has_more = fraction.bytes().any(|digit| digit != b'0');
    is_number.then(|| (f64::from(whole.parse().unwrap_or(u32::MAX)) + f64::from(u8::from(has_more))) * 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settles_in_growing_steps_with_a_fifth_of_jitter() {
        let waits: Vec<f64> = (0..4).map(|poll| settle_ms(poll, 0.5)).collect();
        assert_eq!(waits, [120.0, 150.0, 187.5, 234.375]);
        assert_eq!(settle_ms(0, 0.0), 96.0);
        assert!((settle_ms(1, 1.0) - 180.0).abs() < 1e-9);
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
            // V8 parses these as dates.
            ("-1", Some(978_303_600_000.0), None),
            ("1.5", Some(978_649_200_000.0), Some(2_000.0)),
            ("", None, None),
            ("soon", None, None),
            ("1.", None, Some(1_000.0)),
            (".5", None, None),
            ("2, 2", None, Some(2_000.0)),
            ("2,2", None, Some(2_000.0)),
            ("2 , 2", None, Some(2_000.0)),
            ("2, 3", None, None),
            ("22, 2", None, None),
            ("22", None, Some(22_000.0)),
        ] {
            let header = RetryAfter { value: value.to_owned(), date_ms, sent_ms: None, received_ms: now };
            assert_eq!(retry_after_ms(&header), expected, "{value:?}");
        }
        // The local clock is five minutes off.
        let value = "Wed, 21 Oct 2015 07:28:02 GMT".to_owned();
        let header =
            RetryAfter { value, date_ms: Some(now + 2_000.0), sent_ms: Some(now), received_ms: now + 300_000.0 };
        assert_eq!(retry_after_ms(&header), Some(2_000.0));
    }

    #[test]
    fn reads_the_wait_from_the_platforms_message() {
        assert_eq!(
            retry_in_message_ms("Rate limit exceeded the maximum. Retry the request in [17] seconds"),
            Some(17_000.0)
        );
        let more = "Rate limit exceeded the maximum [300] within [60] seconds. Retry the request in [7] seconds";
        assert_eq!(retry_in_message_ms(more), Some(7_000.0));
        for other in
            ["Retry the request in [soon] seconds", "Retry the request in [2] minutes", "In [2] seconds", "[2]"]
        {
            assert_eq!(retry_in_message_ms(other), None, "{other}");
        }
        assert_eq!(retry_in_message_ms("Rate limit exceeded"), None);
    }
}
