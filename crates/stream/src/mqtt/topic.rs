//! Topics and the filters that choose them (MQTT 5.0, section 4.7).

use crate::error::Error;

/// The longest topic, in bytes: its length is written in two.
const MAX_TOPIC_BYTES: usize = 65_535;

/// Whether a filter may be subscribed to.
pub(crate) fn check_filter(filter: &str) -> Result<(), Error> {
    let refused = |why: &str| Err(Error::change(format!("`{filter}` cannot be subscribed to: {why}")));
    if filter.is_empty() || filter.len() > MAX_TOPIC_BYTES || filter.contains('\0') {
        return refused("a topic is 1 to 65,535 bytes, without the character 0");
    }
    if filter.starts_with("$share/") {
        return refused("a shared subscription would give a part of a meter's readings to another");
    }
    let mut levels = filter.split('/').rev();
    if levels.next().is_some_and(|last| last.len() > 1 && last.contains(['+', '#']))
        || levels.any(|level| level.contains('#') || (level.len() > 1 && level.contains('+')))
    {
        return refused("`+` stands for a whole level, and `#` for all from there on");
    }
    Ok(())
}

/// Whether something can be published there.
pub(crate) fn check_topic(topic: &str) -> Result<(), Error> {
    if topic.is_empty()
        || topic.len() > MAX_TOPIC_BYTES
        || topic.contains(['\0', '+', '#'])
        || topic.starts_with('$')
    {
        return Err(Error::change(format!(
            "`{topic}` is no topic to publish to: it is empty or too long, holds `+` or `#`, or begins with `$`"
        )));
    }
    Ok(())
}

/// What the wildcards of `filter` stand for in `topic`, if it chooses it: each level of its own, joined by `/`.
pub(crate) fn matched(topic: &str, filter: &str) -> Option<String> {
    // What begins with `$` is the broker's own, and not meant by a wildcard.
    if topic.starts_with('$') && filter.starts_with(['+', '#']) {
        return None;
    }
    let mut wild = Vec::new();
    let mut levels = topic.split('/');
    for wanted in filter.split('/') {
        if wanted == "#" {
            wild.extend(levels);
            return Some(wild.join("/"));
        }
        match levels.next()? {
            level if wanted == "+" => wild.push(level),
            level if wanted == level => {}
            _ => return None,
        }
    }
    levels.next().is_none().then(|| wild.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_chooses_topics_level_by_level() {
        for (topic, filter, expected) in [
            ("tele/plug/SENSOR", "tele/+/SENSOR", Some("plug")),
            ("tele/plug/STATE", "tele/+/SENSOR", None),
            ("tele/a/b/SENSOR", "tele/+/SENSOR", None),
            ("shellies/em-1/emeter/0/total", "shellies/+/emeter/+/total", Some("em-1/0")),
            ("a/b/c", "a/#", Some("b/c")),
            ("a", "a/#", Some("")),
            ("a", "a", Some("")),
            ("a/b", "a", None),
            ("/a", "+/a", Some("")),
            ("é/a", "+/a", Some("é")),
            ("$SYS/broker", "#", None),
            ("$SYS/broker", "$SYS/#", Some("broker")),
        ] {
            assert_eq!(matched(topic, filter).as_deref(), expected, "{topic} by {filter}");
        }
    }

    #[test]
    fn what_is_no_filter_or_topic_is_refused() {
        for filter in ["", "a/#/b", "a#", "a/b+", "+a/b", "$share/group/a", "a\0"] {
            assert!(check_filter(filter).is_err(), "{filter}");
        }
        for filter in ["#", "+", "+/a/#", "/", "é/+"] {
            assert!(check_filter(filter).is_ok(), "{filter}");
        }
        for topic in ["", "a/+", "#", "$SYS/a", "a\0"] {
            assert!(check_topic(topic).is_err(), "{topic}");
        }
        assert!(check_topic("knowatt/é/anomaly").is_ok());
    }
}
