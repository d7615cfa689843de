//! What people are told, in words: templates of Jinja, and what they are unless others are configured.
//!
//! ```toml
//! [notify.words]                   # of all channels; one may have its own, [notify.channels.NAME.words]
//! title = "{{ meter }}: {{ wh | number }} Wh"
//! alert = "Unusual power usage of {{ wh | number }} Wh at {{ hour | clock }}. Please check!"
//! alert-spoken = "…"
//! end = "Back to normal after {{ hours }} h."
//! end-spoken = "…"
//! digest = "…"
//! digest-spoken = "…"
//! ```
//!
//! A template is given the [`Facts`] by their names. `number(decimals)` and `clock` write a number and an hour of the day as the
//! [`Locale`] does. What is not there is an error, found when the templates are read, by an example of each kind.

use jiff::{Timestamp, tz::TimeZone};
use knowatt_stream::{Error, anomaly::AnomalyKind};
use minijinja::{Environment, UndefinedBehavior, context, value::Serde};
use serde::Deserialize;

use crate::{
    hour::{Normal, ScoredHour},
    locale::Locale,
    message::{Facts, MOST_LISTED, Message, MessageEvent},
};

/// What is told so long after its hour began says the day.
const LATE_S: i64 = 12 * 3600;

/// The keys of a table of words, all of which may be left out.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct WordsConfig {
    title: Option<String>,
    alert: Option<String>,
    alert_spoken: Option<String>,
    end: Option<String>,
    end_spoken: Option<String>,
    digest: Option<String>,
    digest_spoken: Option<String>,
}

/// The templates, in the order of [`NAMES`].
const USUAL: [&str; 7] = [
    r#"{% if event == "end" %}Back to normal{% elif event == "digest" %}{{ count }} times unusual power usage{% else %}Unusual power usage{% endif %}{% if meter %}: {{ meter }}{% endif %}"#,
    "Unusual power usage of {{ wh | number }} Wh at {{ hour | clock }}. Please check!\
     {% if is_late and day %} It was on {{ day }}.{% endif %}\
     {% if is_over %} It is over, after {{ hours }} h.{% endif %}\
     {% if normal_high_wh is not none %} Normal then is {{ normal_low_wh | number }} to {{ normal_high_wh | number }} Wh; {{ how_unusual }}.{% endif %}\
     {% if extra_wh %} It is {{ extra_kwh | number(1) }} kWh more than usual{% if cost is not none %}, about {{ cost | number(2) }} {{ currency }}{% endif %}{% if kind == \"early\" %}, and the hour has not ended{% endif %}.{% endif %}",
    "Unusual power usage of {{ wh | number }} Wh at {{ hour | clock }}. Please check!{% if is_over %} It is over.{% endif %}",
    "Back to normal after {{ hours }} h\
     {% if extra_wh %}, {{ extra_kwh | number(1) }} kWh more than usual{% if cost is not none %}, about {{ cost | number(2) }} {{ currency }}{% endif %}{% endif %}.",
    "Power usage{% if meter %} of {{ meter }}{% endif %} is back to normal after {{ hours }} {% if hours == 1 %}hour{% else %}hours{% endif %}.",
    "Since the last message there was unusual power usage {{ count }} times:\
     {% for one in episodes %}\n- {% if one.day %}{{ one.day }} {% endif %}{{ one.hour | clock }}{% if one.meter %} {{ one.meter }}{% endif %}: {{ one.wh | number }} Wh, score {{ one.score | number(1) }}{% endfor %}\
     {% if count > episodes | length %}\n- and {{ count - (episodes | length) }} more{% endif %}",
    "There was unusual power usage {{ count }} times. The most was {{ wh | number }} Wh at {{ hour | clock }}. Please check!",
];
const NAMES: [&str; 7] = ["title", "alert", "alert-spoken", "end", "end-spoken", "digest", "digest-spoken"];

impl WordsConfig {
    fn get(&self, at: usize) -> Option<&String> {
        [
            &self.title,
            &self.alert,
            &self.alert_spoken,
            &self.end,
            &self.end_spoken,
            &self.digest,
            &self.digest_spoken,
        ][at]
            .as_ref()
    }
}

/// What energy costs.
#[derive(Debug, Clone, Default)]
pub struct Tariff {
    /// Of a kWh.
    pub a_kwh: Option<f64>,
    /// Its name or sign.
    pub currency: String,
}

/// A channel's words.
pub struct Words {
    templates: Environment<'static>,
}

/// Filters for templates of any kind.
pub(crate) fn environment(locale: Locale) -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment.add_filter("number", move |number: f64, decimals: Option<usize>| {
        locale.number(number, decimals.unwrap_or(0).min(15))
    });
    environment.add_filter("clock", move |hour: u8| locale.hour(hour));
    environment
}

/// What templates are given of a message that is in words already.
pub(crate) fn values(message: &Message) -> minijinja::Value {
    let Message { key, event, title, text, spoken, facts } = message;
    let event = event.name();
    context! { key, event, title, text, spoken, facts => Serde(facts) }
}

/// A template that failed: which, where and why.
pub(crate) fn wrong(name: &str, error: &minijinja::Error) -> Error {
    let line = error.line().map(|line| format!(", line {line}")).unwrap_or_default();
    let why = error.detail().map_or_else(|| error.kind().to_string(), ToOwned::to_owned);
    Error::change(format!("the template `{name}`{line}: {why}"))
}

impl Words {
    /// By a channel's own templates, then those of all channels, then the usual ones; each is tried.
    pub fn new(own: &WordsConfig, all: &WordsConfig, locale: Locale) -> Result<Self, Error> {
        let mut templates = environment(locale);
        for (at, name) in NAMES.into_iter().enumerate() {
            let configured = own.get(at).or_else(|| all.get(at)).cloned();
            let source = configured.unwrap_or_else(|| USUAL[at].to_owned());
            templates.add_template_owned(name, source).map_err(|error| wrong(name, &error))?;
        }
        let words = Self { templates };
        for event in [MessageEvent::Alert, MessageEvent::End, MessageEvent::Digest] {
            words.message("example".to_owned(), example(event))?;
        }
        Ok(words)
    }

    /// Makes a message.
    pub fn message(&self, key: String, facts: Facts) -> Result<Message, Error> {
        let (text, spoken) = match facts.event {
            MessageEvent::Alert | MessageEvent::Test => ("alert", "alert-spoken"),
            MessageEvent::End => ("end", "end-spoken"),
            MessageEvent::Digest => ("digest", "digest-spoken"),
        };
        let render = |name: &str| {
            let template = self.templates.get_template(name);
            let rendered = template.and_then(|template| template.render(Serde(&facts)));
            rendered.map(|text| text.trim().to_owned()).map_err(|error| wrong(name, &error))
        };
        let (title, text, spoken) = (render("title")?, render(text)?, render(spoken)?);
        // A title is a line, whatever a meter's name is.
        let title = title.replace(char::is_control, " ");
        let marked = |text: String| match facts.event {
            MessageEvent::Test => format!("This is a test. {text}"),
            _ => text,
        };
        Ok(Message {
            key,
            event: facts.event,
            title: marked(title),
            text: marked(text),
            spoken: marked(spoken),
            facts,
        })
    }
}

/// What an episode is, to be put into words.
#[derive(Debug, Clone)]
pub struct Told<'a> {
    /// Its hour of the highest score.
    pub peak: &'a ScoredHour,
    /// `alert_id` of its first hour.
    pub key: &'a str,
    /// How many hours it has had.
    pub hours: u32,
    /// How much more energy than usual those took, in Wh.
    pub extra_wh: Option<f64>,
    /// Whether it has ended.
    pub is_over: bool,
}

/// What the facts are told with.
#[derive(Debug, Clone)]
pub struct Setting {
    /// Where people live, if it is said.
    pub zone: Option<TimeZone>,
    /// How numbers are written.
    pub locale: Locale,
    /// What energy costs.
    pub tariff: Tariff,
}

impl Setting {
    /// The facts of an episode.
    pub fn facts(&self, event: MessageEvent, told: &Told<'_>, now: Timestamp) -> Facts {
        let Told { peak, key, hours, extra_wh, is_over } = *told;
        let ScoredHour { ref meter, start, hour, wh, score, kind, ref feature, normal, .. } = *peak;
        let day = self.zone.as_ref().map(|zone| self.locale.day(zone.to_datetime(start)));
        let cost = self.tariff.a_kwh.and_then(|tariff| Some(extra_wh? / 1000.0 * tariff));
        Facts {
            event,
            meter: meter.clone(),
            timestamp: start.to_string(),
            day: day.unwrap_or_default(),
            hour,
            wh,
            score,
            kind: kind.name().to_owned(),
            feature: feature.clone(),
            normal_low_wh: normal.map(|normal| normal.low_wh),
            normal_high_wh: normal.map(|normal| normal.high_wh),
            how_unusual: how_unusual(peak),
            hours,
            extra_wh,
            extra_kwh: extra_wh.map(|wh| wh / 1000.0),
            cost,
            currency: self.tariff.currency.clone(),
            is_over,
            is_late: now.duration_since(start).as_secs() > LATE_S,
            alert_id: key.to_owned(),
            count: 1,
            episodes: Vec::new(),
        }
    }

    /// The facts of several episodes, the highest of which is the first.
    pub fn digest(&self, told: &[Told<'_>], count: u32, now: Timestamp) -> Option<Facts> {
        let facts = |told| self.facts(MessageEvent::Digest, told, now);
        let first = facts(told.first()?);
        let mut episodes: Vec<Facts> = told.iter().take(MOST_LISTED).map(facts).collect();
        episodes.sort_by(|a, b| a.timestamp.cmp(&b.timestamp));
        // More than one meter has no one name.
        let meter = if told.iter().all(|other| other.peak.meter == first.meter) {
            first.meter.clone()
        } else {
            String::new()
        };
        Some(Facts { meter, count, episodes, ..first })
    }
}

/// In words, how unusual an hour is.
fn how_unusual(hour: &ScoredHour) -> String {
    let feature = hour.feature.as_str();
    if let Some(hours) = feature.strip_prefix("floor-").and_then(|hours| hours.strip_suffix('h')) {
        return format!("none of the last {hours} hours was as low as usual");
    }
    if feature != "level" {
        let than = if feature == "step" { "the hour before" } else { "the day before" };
        return format!("this is much more than {than}");
    }
    let Some(Normal { high_wh, .. }) = hour.normal.filter(|normal| normal.high_wh > 0.0) else {
        return "this is more than is normal".to_owned();
    };
    match hour.wh / high_wh {
        ratio if ratio < 1.1 => "this is a little more than the most that is normal".to_owned(),
        ratio if ratio < 2.0 => {
            format!("this is {:.0} % more than the most that is normal", (ratio - 1.0) * 100.0)
        }
        ratio if ratio < 3.0 => "this is more than twice the most that is normal".to_owned(),
        ratio if ratio < 100.0 => {
            format!("this is more than {:.0} times the most that is normal", ratio.floor())
        }
        _ => "this is more than a hundred times the most that is normal".to_owned(),
    }
}

/// A message about it, likewise.
pub(crate) fn example_message() -> Message {
    let [key, title, text, spoken] = [const { String::new() }; 4];
    let event = MessageEvent::Alert;
    Message { key, event, title, text, spoken, facts: example(event) }
}

/// An episode of the talk's home, to try a template with.
pub(crate) fn example(event: MessageEvent) -> Facts {
    let peak = ScoredHour {
        id: "example".to_owned(),
        meter: String::new(),
        start: Timestamp::from_second(1_536_343_200).unwrap_or_default(),
        hour: 4,
        wh: 1500.0,
        score: 5.5,
        kind: AnomalyKind::Level,
        feature: "level".to_owned(),
        normal: Some(Normal { low_wh: 108.0, high_wh: 363.0 }),
    };
    let setting = Setting { zone: None, locale: Locale::default(), tariff: Tariff::default() };
    let told = Told { peak: &peak, key: "example", hours: 1, extra_wh: peak.extra_wh(), is_over: false };
    let facts = setting.facts(event, &told, peak.start);
    Facts { episodes: vec![facts.clone()], ..facts }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hour::tests::at;

    fn setting(zone: Option<TimeZone>, locale: &str, tariff: Option<f64>) -> Setting {
        let locale = Locale::named(locale).unwrap();
        Setting { zone, locale, tariff: Tariff { a_kwh: tariff, currency: "€".to_owned() } }
    }

    fn words(own: &str) -> Result<Words, String> {
        let own = knowatt_stream::config::parse(own).unwrap();
        Words::new(&own, &WordsConfig::default(), Locale::default()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_talks_sentence_is_spoken_and_more_is_written() {
        let peak = ScoredHour { wh: 1500.0, ..at(4, 5.5) };
        let told = Told { peak: &peak, key: "k", hours: 1, extra_wh: peak.extra_wh(), is_over: false };
        let facts = setting(None, "C", Some(0.3)).facts(MessageEvent::Alert, &told, peak.start);
        let message = words("").unwrap().message("k".to_owned(), facts).unwrap();
        assert_eq!(message.spoken, "Unusual power usage of 1500 Wh at 4:00. Please check!");
        assert_eq!(message.title, "Unusual power usage: home");
        assert_eq!(
            message.text,
            "Unusual power usage of 1500 Wh at 4:00. Please check! Normal then is 108 to 363 Wh; this is more than 4 times the most \
             that is normal. It is 1.3 kWh more than usual, about 0.38 €."
        );
    }

    #[test]
    fn what_is_told_late_has_its_day_and_a_place_has_its_numbers() {
        let peak =
            ScoredHour { wh: 1500.0, kind: AnomalyKind::Floor, feature: "floor-3h".to_owned(), ..at(4, 5.5) };
        let told = Told { peak: &peak, key: "k", hours: 1, extra_wh: None, is_over: true };
        let now = peak.start + jiff::SignedDuration::from_hours(13);
        let zone = knowatt_score::Calendar::new("Australia/Sydney", knowatt_score::DayClasses::default())
            .unwrap()
            .zone()
            .clone();
        let setting = setting(Some(zone), "en_US", None);
        let facts = setting.facts(MessageEvent::Alert, &told, now);
        let words = Words::new(&WordsConfig::default(), &WordsConfig::default(), setting.locale).unwrap();
        assert_eq!(
            words.message("k".to_owned(), facts).unwrap().text,
            "Unusual power usage of 1,500 Wh at 4:00 AM. Please check! It was on Sat 09/08/2018. It is over, after 1 h. Normal then is 108 to 363 Wh; none of the \
             last 3 hours was as low as usual."
        );
    }

    #[test]
    fn the_end_says_how_long_and_how_much() {
        let peak = at(4, 5.5);
        let told = Told { peak: &peak, key: "k", hours: 3, extra_wh: Some(2400.0), is_over: true };
        let facts = setting(None, "C", None).facts(MessageEvent::End, &told, peak.start);
        let message = words("").unwrap().message("k-end".to_owned(), facts).unwrap();
        assert_eq!(message.title, "Back to normal: home");
        assert_eq!(message.text, "Back to normal after 3 h, 2.4 kWh more than usual.");
        assert_eq!(message.spoken, "Power usage of home is back to normal after 3 hours.");
    }

    #[test]
    fn a_digest_lists_some_in_their_order_and_counts_all() {
        let peaks: Vec<_> = (0..30).map(|hour| at(29 - hour, 5.0)).collect();
        let told: Vec<_> = peaks
            .iter()
            .map(|peak| Told { peak, key: "k", hours: 1, extra_wh: None, is_over: true })
            .collect();
        let facts = setting(Some(TimeZone::UTC), "C", None).digest(&told, 1000, peaks[0].start).unwrap();
        let text = words("").unwrap().message("d".to_owned(), facts).unwrap().text;
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 22);
        assert_eq!(lines[0], "Since the last message there was unusual power usage 1000 times:");
        assert_eq!(lines[1], "- Sat 2018-09-08 10:00 home: 1383 Wh, score 5.0");
        assert_eq!(lines[21], "- and 980 more");
    }

    #[test]
    fn a_template_that_is_wrong_is_refused_with_its_name_line_and_reason() {
        let refused = |own: &str| words(own).err().unwrap();
        assert_eq!(refused("alert = \"\\n{{ kwh }}\""), "the template `alert`, line 2: undefined value");
        let said = refused("title = \"{{ wh | nmber }}\"");
        assert!(said.starts_with("the template `title`, line 1: ") && said.contains("nmber"), "{said}");
        assert!(refused("end = \"{% if %}\"").starts_with("the template `end`, line 1: "));
    }
}
