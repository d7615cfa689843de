//! The flags of `knowatt export`.

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use knowatt_export::{Name, Target, all};

#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  knowatt export --list
  knowatt export model.json --to ksqldb -o anomoly-power.jar --explain
  knowatt export model.json --to python --name kitchen -o kitchen.py")]
pub(crate) struct ExportArgs {
    /// The model file
    #[arg(value_name = "MODEL", required_unless_present = "list")]
    pub(crate) model: Option<PathBuf>,

    /// What to make of it
    #[arg(long, value_name = "TARGET", required_unless_present = "list", value_parser = target_parser(), hide_possible_values = true)]
    pub(crate) to: Option<&'static dyn Target>,

    /// Where to write it; `-` is standard output
    #[arg(short, long, value_name = "FILE", required_unless_present_any = ["list", "explain"])]
    pub(crate) output: Option<PathBuf>,

    /// What the function, class or module is called
    #[arg(long, value_name = "NAME", default_value_t)]
    pub(crate) name: Name,

    /// Of an hour that does not exist the function of hour and Wh gives -1, as the talk's did, not NULL
    #[arg(long)]
    pub(crate) seed_compatible: bool,

    /// Print how to install what is made, and how to call it
    #[arg(long)]
    pub(crate) explain: bool,

    /// List the targets
    #[arg(long, exclusive = true)]
    pub(crate) list: bool,
}

fn target_parser() -> impl TypedValueParser<Value = &'static dyn Target> {
    let names = all().iter().map(|target| PossibleValue::new(target.name()).help(target.summary()));
    PossibleValuesParser::new(names).map(|name| {
        let found = all().iter().find(|target| target.name() == name);
        *found.unwrap_or(&all()[0]) // one of these names
    })
}
