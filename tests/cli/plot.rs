//! What is normal as a picture: in a file, and in the terminal.

use std::os::unix::fs::symlink;

use crate::support::{Folder, history, history_of, last_line, use_in_hour};

/// A folder with the model `m.json`, to which 100 to 100 + 100 · (hour + 1) Wh are normal.
fn bounded() -> Folder {
    let hours: String = (0..24).map(|hour| format!("{hour},100,{}\n", 100 + 100 * (hour + 1))).collect();
    let folder = Folder::with("bounds.csv", format!("hour,min_wh,max_wh\n{hours}"));
    folder.succeeds("train --bounds bounds.csv --tz UTC -o m.json");
    folder
}

/// How often an element of that name, or a text, is in an SVG, which is well-formed.
fn count(svg: &str, what: &str) -> usize {
    let mut reader = quick_xml::Reader::from_str(svg);
    while reader.read_event().unwrap() != quick_xml::events::Event::Eof {}
    assert!(svg.ends_with("</svg>\n"), "{svg}");
    svg.matches(what).count()
}

/// Width and height of a PNG that decodes.
fn pixels(png: &[u8]) -> (u32, u32) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
    let mut buffer = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut buffer).unwrap();
    (frame.width, frame.height)
}

#[test]
fn train_and_evaluate_draw_the_same_picture() {
    let folder = Folder::with("in.csv", history(30));
    let outcome = folder.knowatt("train in.csv --tz Europe/Paris -o m.json --plot trained.svg");
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("plot      trained.svg ("), "{}", outcome.stderr);
    let matrix = folder.succeeds("evaluate m.json --plot evaluated.SVG");
    assert_eq!(matrix, folder.succeeds("evaluate m.json"));
    let svg = folder.read("trained.svg");
    assert!(svg == folder.read("evaluated.SVG"));
    assert!(svg == folder.succeeds("evaluate m.json --plot -"));
    assert_eq!((count(&svg, "<polygon"), count(&svg, "\nday-off\n"), count(&svg, "\ntypical\n")), (2, 2, 1));
    assert_eq!(count(&svg, "time zone Europe/Paris, learned from 2024-01-01 to 2024-01-31"), 1);
    folder.succeeds("evaluate m.json --plot m.png");
    folder.succeeds("evaluate m.json --plot again.png");
    assert!(folder.bytes("m.png") == folder.bytes("again.png"));
    assert_eq!(pixels(&folder.bytes("m.png")).0, 1920);
}

#[test]
fn one_day_class_is_drawn_where_one_is_asked_for() {
    let folder = Folder::with("in.csv", history(30));
    folder.succeeds("train in.csv --tz UTC -o m.json");
    let svg = folder.succeeds("evaluate m.json --day day-off --hours 4 --plot -");
    assert_eq!((count(&svg, "<polygon"), count(&svg, "\nworking-day\n")), (1, 0));
}

#[test]
fn a_picture_of_another_form_is_refused_before_any_work() {
    let folder = bounded();
    for name in ["m.pdf", "m.jpeg", "svg", ".svg", "m.svg.gz", "m."] {
        for command in ["evaluate m.json", "train --bounds bounds.csv --tz UTC -o new.json"] {
            let message = folder.refuses(&format!("{command} --plot {name}"));
            let expected =
                format!("knowatt: {name}: a picture is drawn as SVG or PNG; name a .svg or .png file");
            assert_eq!(last_line(&message), expected);
        }
    }
    let message = folder.refuses("evaluate m.json --plot - --format csv");
    assert!(message.contains("name a file for the picture"), "{message}");
}

#[test]
fn a_picture_replaces_no_input_and_no_other_output_and_is_there_whole_or_not_at_all() {
    let folder = bounded();
    symlink(folder.path("m.json"), folder.path("link.svg")).unwrap();
    for arguments in [
        "evaluate m.json --plot link.svg",
        "train --bounds bounds.csv --tz UTC -o new.svg --plot ./new.svg",
        "train --bounds bounds.csv --tz UTC -o - --plot -",
    ] {
        let message = folder.refuses(arguments);
        assert!(
            message.contains("name the same file") || message.contains("would replace the input"),
            "{message}"
        );
    }
    folder.refuses("train --bounds bounds.csv --tz UTC -o new.json --plot nowhere/m.svg");
    folder.write("old.svg", "old");
    folder.refuses("train in.csv --tz UTC -o new.json --plot old.svg");
    assert_eq!(folder.read("old.svg"), "old");
    symlink("/dev/full", folder.path("full.svg")).unwrap();
    assert_eq!(folder.knowatt("evaluate m.json --plot full.svg").code, 3);
}

#[test]
fn each_meter_gets_its_picture_with_its_name_as_a_text() {
    let hours = history_of(30, use_in_hour);
    let (header, rows) = hours.split_once('\n').unwrap();
    let of = |name: &str| rows.lines().map(|row| format!("{name},{row}\n")).collect::<String>();
    let csv = format!("meter,{header}\n{}{}", of("kitchen"), of("\"<script>\"\"&\""));
    let folder = Folder::with("in.csv", csv);
    folder.succeeds("train in.csv --tz UTC --model envelope -o models/ --plot pictures");
    let pictures = folder.path("pictures");
    let svg = std::fs::read_to_string(pictures.join("%3Cscript%3E%22%26.svg")).unwrap();
    assert_eq!(count(&svg, "What is normal for &lt;script&gt;&quot;&amp;\n"), 1, "{svg}");
    let svg = std::fs::read_to_string(pictures.join("kitchen.svg")).unwrap();
    assert_eq!(count(&svg, "What is normal for kitchen\n"), 1);
    for flag in ["--plot", "--table", "--fitted"] {
        let message = folder.refuses(&format!("train in.csv --tz UTC -o models/ {flag} -"));
        assert!(message.contains("name a directory"), "{message}");
    }
}

/// What `evaluate m.json --hours 4` prints where there is colour, its escapes made readable.
fn coloured(folder: &Folder, colorterm: &str) -> String {
    let mut command = folder.command();
    command.args(["evaluate", "m.json", "--hours", "4"]).env_remove("NO_COLOR").env("CLICOLOR_FORCE", "1");
    let output = command.env("COLORTERM", colorterm).output().unwrap();
    String::from_utf8(output.stdout).unwrap().replace('\u{1b}', "")
}

#[test]
fn the_terminal_shows_a_heat_map_and_a_line_of_what_is_typical() {
    let folder = bounded();
    insta::assert_snapshot!(coloured(&folder, ""), @r"
    [1m            [0m[2m     150 Wh[0m[2m     500 Wh[0m[2m    1500 Wh[0m[2m    3000 Wh[0m
    [2m    04:00[0m   [38;2;58;157;93m     0.1000[0m[38;2;215;135;0m     0.8000[0m[1m[91m     2.8000[0m[1m[91m     5.8000[0m

    [1mnormal       [0m[2m00:00       06:00       12:00       18:00       [0m
    any          [48;5;54m  [0m[48;5;54m  [0m[48;5;54m  [0m[48;5;24m  [0m[48;5;24m  [0m[48;5;24m  [0m[48;5;30m  [0m[48;5;30m  [0m[48;5;30m  [0m[48;5;36m  [0m[48;5;36m  [0m[48;5;36m  [0m[48;5;36m  [0m[48;5;72m  [0m[48;5;72m  [0m[48;5;72m  [0m[48;5;77m  [0m[48;5;77m  [0m[48;5;77m  [0m[48;5;149m  [0m[48;5;149m  [0m[48;5;149m  [0m[48;5;226m  [0m[48;5;226m  [0m
                 [38;5;71m▂▂▂▂▂▂▃▃▃▃▃▃▃▃▄▄▄▄▄▄▅▅▅▅▅▅▅▅▆▆▆▆▆▆▆▆▇▇▇▇▇▇▇▇████[0m
                 [2mhighest 0 [0m[48;5;53m [0m[48;5;54m [0m[48;5;54m [0m[48;5;24m [0m[48;5;30m [0m[48;5;36m [0m[48;5;36m [0m[48;5;72m [0m[48;5;77m [0m[48;5;149m [0m[48;5;149m [0m[48;5;226m [0m[2m 2,500 Wh, half-way 0 [0m[38;5;71m▁▂▃▄▅▆▇█[0m[2m 1,300 Wh[0m
    ");
    let all = coloured(&folder, "truecolor");
    assert!(all.contains("any          [48;2;") && all.contains("[48;2;253;231;37m  [0m\n"), "{all}");
    assert_eq!(all.lines().count(), coloured(&folder, "24bit").lines().count());
}

#[test]
fn where_there_is_no_colour_there_is_no_picture() {
    let folder = bounded();
    let matrix = folder.succeeds("evaluate m.json --hours 4");
    assert_eq!(matrix.lines().count(), 2, "{matrix}");
    let piped = folder.command().args(["evaluate", "m.json", "--hours", "4"]).env_remove("NO_COLOR").output();
    assert_eq!(String::from_utf8(piped.unwrap().stdout).unwrap(), matrix);
    for format in ["csv", "json"] {
        let plain = folder.succeeds(&format!("evaluate m.json --format {format}"));
        let mut command = folder.command();
        command.args(["evaluate", "m.json", "--format", format]);
        let forced = command.env_remove("NO_COLOR").env("CLICOLOR_FORCE", "1").output().unwrap();
        assert_eq!(String::from_utf8(forced.stdout).unwrap(), plain);
    }
}
