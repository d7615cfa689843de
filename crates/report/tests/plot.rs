//! The picture as it is handed out: XML that any viewer reads, and a PNG of the size it should have.

#![cfg(feature = "plot")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end where they fail")]

use knowatt_report::Plot;
use knowatt_score::{
    Calendar, Curve, DayClass, DayClasses, HOURS, Knot, ModelFile, Provenance, ScoreTable, Source, sha256_hex,
};
use quick_xml::{Reader, escape::resolve_xml_entity, events::Event};

/// A model of some day classes, to which `low` to `high` Wh are normal at every hour, of a meter of that name.
fn model(classes: DayClasses, low: f64, high: f64, meter: Option<&str>) -> ModelFile {
    let curve = Curve::new([(low, 0.0), (high, 1.0)].map(|(wh, score)| Knot { wh, score }).to_vec()).unwrap();
    let calendar = Calendar::new("Europe/Paris", classes).unwrap();
    let table = ScoreTable::new(calendar, vec![curve; HOURS * classes.count()]).unwrap();
    let provenance = Provenance {
        source: Source::Bounds,
        sha256: sha256_hex(b""),
        rows: 24,
        first: None,
        end: None,
        model: "envelope".into(),
        options: meter.map(|name| ("meter".to_owned(), name.to_owned())).into_iter().collect(),
        seed: 0,
        tool: "test".into(),
    };
    ModelFile { provenance, calibration: None, distillation: None, backtest: None, population: None, table }
}

/// The names of the elements of an SVG, which is well-formed, and the texts in it.
fn read(svg: &[u8]) -> (Vec<String>, Vec<String>) {
    let text = std::str::from_utf8(svg).unwrap();
    let mut reader = Reader::from_str(text);
    let (mut elements, mut texts, mut open) = (Vec::new(), Vec::new(), 0);
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => {
                elements.push(start.name().as_ref().to_owned());
                texts.push(String::new());
                open += 1;
            }
            Event::Empty(start) => {
                assert!(start.attributes().all(|attribute| attribute.is_ok()));
                elements.push(start.name().as_ref().to_owned());
            }
            Event::Text(text) => texts.last_mut().unwrap().push_str(&text),
            Event::GeneralRef(name) => {
                texts.last_mut().unwrap().push_str(resolve_xml_entity(&name).unwrap());
            }
            Event::End(_) => open -= 1,
            Event::Eof => break,
            other => panic!("{other:?} in a picture"),
        }
    }
    assert_eq!(open, 0, "an element is not closed");
    let texts = texts.into_iter().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    (elements, texts.collect())
}

fn counted(elements: &[String], name: &str) -> usize {
    elements.iter().filter(|element| *element == name).count()
}

#[test]
fn every_day_class_has_its_band_and_its_row_of_the_heat_map() {
    for classes in DayClasses::ALL {
        let (elements, texts) = read(&Plot::of(&model(classes, 100.0, 1900.0, None)).svg().unwrap());
        assert_eq!(counted(&elements, "polygon"), classes.count(), "{classes}");
        assert!(counted(&elements, "rect") >= HOURS * classes.count(), "{classes}");
        for name in classes.class_names() {
            // Once over the panel, once beside the heat map.
            assert_eq!(texts.iter().filter(|text| text == name).count(), 2, "{name}");
        }
        assert!(
            texts.contains(&"Wh in each hour of the day, time zone Europe/Paris".to_owned()),
            "{texts:?}"
        );
        assert!(texts.contains(&"1000 Wh".to_owned()) && texts.contains(&"12:00".to_owned()), "{texts:?}");
    }
}

#[test]
fn one_day_class_is_drawn_by_itself() {
    let model = model(DayClasses::DayOfWeek, 100.0, 1900.0, None);
    let (elements, texts) = read(&Plot::of(&model).only(DayClass(6)).svg().unwrap());
    assert_eq!(counted(&elements, "polygon"), 1);
    assert!(texts.contains(&"sunday".to_owned()) && !texts.contains(&"monday".to_owned()), "{texts:?}");
}

#[test]
fn a_hostile_name_is_a_text_and_nothing_else() {
    for (name, title) in [
        ("</text><script>alert('1')</script>", "</text><script>alert('1')</script>"),
        ("\"/><image href=\"http://x\"/>&amp;", "\"/><image href=\"http://x\"/>&amp;"),
        ("a\u{202e}b\u{ffff}", "a\\u{202e}b\\u{ffff}"),
        ("café 東京", "café 東京"),
    ] {
        let plot = Plot::of(&model(DayClasses::None, 0.0, 100.0, Some(name)));
        let (elements, texts) = read(&plot.svg().unwrap());
        assert_eq!(texts[0], format!("What is normal for {title}"));
        assert!(
            elements
                .iter()
                .all(|name| ["svg", "rect", "polygon", "polyline", "text"].contains(&name.as_str()))
        );
        assert!(!plot.png().unwrap().is_empty());
    }
    let long = Plot::of(&model(DayClasses::None, 0.0, 100.0, Some(&"x".repeat(5000))));
    assert_eq!(read(&long.svg().unwrap()).1[0].chars().count(), "What is normal for ".len() + 40);
}

#[test]
fn a_png_decodes_and_has_twice_the_pixels_of_the_svg() {
    for classes in DayClasses::ALL {
        let plot = Plot::of(&model(classes, 100.0, 1900.0, Some("kitchen")));
        let (svg, png) = (plot.svg().unwrap(), plot.png().unwrap());
        let size = |svg: &[u8], name: &str| -> u32 {
            let text = String::from_utf8(svg.to_vec()).unwrap();
            text.split_once(&format!(" {name}=\"")).unwrap().1.split_once('"').unwrap().0.parse().unwrap()
        };
        let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((frame.width, frame.height), (2 * size(&svg, "width"), 2 * size(&svg, "height")));
        let is_there = |colour: [u8; 3]| pixels.chunks_exact(3).any(|pixel| pixel == colour);
        assert!(
            is_there([255; 3]) && is_there([0xa6, 0xdd, 0xce]) && is_there([0xfd, 0xe7, 0x25]),
            "{classes}"
        );
    }
}

#[test]
fn the_same_model_gives_the_same_bytes() {
    let model = model(DayClasses::DayType, 100.0, 1900.0, Some("kitchen"));
    let (first, second) = (Plot::of(&model), Plot::of(&model));
    assert!(first.svg().unwrap() == second.svg().unwrap());
    assert!(first.png().unwrap() == second.png().unwrap());
}

#[test]
fn what_no_home_uses_is_drawn_too() {
    for (low, high) in [(0.0, 1e-9), (0.0, 1e12), (1e11, 1e12), (0.0, 0.5)] {
        let plot = Plot::of(&model(DayClasses::DayType, low, high, None));
        read(&plot.svg().unwrap());
        assert!(!plot.png().unwrap().is_empty(), "{low} to {high} Wh");
    }
    // The edge of normal far beyond the last knot.
    let knots = [(0.0, -1e9), (1e12, -1e9 + 1e-3)].map(|(wh, score)| Knot { wh, score });
    let mut model = model(DayClasses::None, 0.0, 1.0, None);
    let curve = Curve::new(knots.to_vec()).unwrap();
    model.table = ScoreTable::new(model.table.calendar().clone(), vec![curve; HOURS]).unwrap();
    read(&Plot::of(&model).svg().unwrap());
    assert!(!Plot::of(&model).png().unwrap().is_empty());
}
