//! `knowatt serve`: the page of `knowatt report`, live.

use std::process::ExitCode;

use anyhow::Result;

use crate::args::ServeArgs;

#[cfg(not(feature = "serve"))]
pub(crate) fn run(_: &ServeArgs) -> Result<ExitCode> {
    anyhow::bail!("this knowatt was built without that; build it with `--features serve`")
}

#[cfg(feature = "serve")]
pub(crate) fn run(args: &ServeArgs) -> Result<ExitCode> {
    serving::run(args)
}

#[cfg(feature = "serve")]
mod serving {
    use std::{
        fs,
        process::ExitCode,
        sync::{Arc, atomic::AtomicBool},
        time::Duration,
    };

    use anyhow::{Context as _, Result};
    use knowatt_report::Report;
    use knowatt_score::ModelFile;
    use knowatt_serve::{Board, Page, Store, Token, outlets, serve};
    use knowatt_stream::{
        Counts, Error, Model, Settings, Tables, config::Config, open, pause::wait, secret_file,
        socket_address, watch,
    };

    use crate::{
        args::ServeArgs,
        commands::{report, watch::told},
        inputs::{self, Sources},
        live,
        output::say,
    };

    /// How the hour stands is shown by the second.
    const OPEN_EVERY: Duration = Duration::from_secs(1);
    /// How often it is looked whether to end, where nothing comes.
    const FOR_GOOD: Duration = Duration::from_secs(3600);

    pub(super) fn run(args: &ServeArgs) -> Result<ExitCode> {
        let config = args.config()?;
        let address = socket_address("--listen", &args.listen, 8765)?;
        let status = live::Status::new();
        live::log(args.input.log_format, &status);
        let stop = live::stop()?;
        let is_live = config.source.from.is_some();
        anyhow::ensure!(
            is_live || args.state.is_none(),
            "--state keeps what comes, and nothing does: name where from with --from"
        );
        let board = Board::default();
        let (model, sha256) = inputs::read_sealed(&args.model, |source| ModelFile::read_with_digest(source))?;
        let page = Page {
            html: html(args, &model, &sha256, is_live)?.into(),
            model: sha256.into(),
            board: is_live.then(|| board.clone()),
            token: token(args)?,
        };
        let store = args.state.as_ref().map(|folder| {
            fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
            Ok::<_, anyhow::Error>(Store::open(&folder.join("shown.db"), &board)?)
        });
        let store = store.transpose()?;
        // Before the stream is opened, which may take its time: whoever looks sees the page.
        let at = serve(address, page)?;
        say!("serving   http://{at}/");
        if !is_live {
            wait_for_good(&stop);
            return Ok(ExitCode::SUCCESS);
        }
        let counts = stream(&config, &model, &board, store.as_ref(), &stop, &status);
        status.end();
        let counts = counts?;
        say!("watched   {}", told(&counts));
        // What came is still to be seen when no more comes.
        wait_for_good(&stop);
        Ok(ExitCode::SUCCESS)
    }

    fn wait_for_good(stop: &AtomicBool) {
        while !stop.load(std::sync::atomic::Ordering::Relaxed) {
            wait(FOR_GOOD, stop, &mut || ());
        }
    }

    fn stream(
        config: &Config,
        model: &ModelFile,
        board: &Board,
        store: Option<&Store>,
        stop: &Arc<AtomicBool>,
        status: &live::Status,
    ) -> Result<Counts> {
        // That of the page, also when the file is another meanwhile.
        let mut tables = Tables::of(Model::from_bytes(&model.to_bytes()).map_err(Error::change)?);
        let mut decoders = open::decoders(config, &tables.zone())?;
        let keep = open::keep(config)?;
        let settings = Settings { open_every: OPEN_EVERY, ..config.settings()? };
        let mut open = |position: Option<&str>| Ok((open::source(config, position)?, outlets(board, store)));
        let mut tick = |counts: &Counts| status.say(told(counts));
        Ok(watch(&mut open, &mut decoders, &mut tables, &settings, keep, stop, &mut tick)?)
    }

    fn html(args: &ServeArgs, model: &ModelFile, sha256: &str, is_live: bool) -> Result<String> {
        let columns = args.columns();
        let sources = Sources { inputs: &args.inputs, format: None, columns: &columns };
        let (meter, history) = report::read(sources, model)?;
        let price = args.price_per_kwh.clone();
        Ok(Report { model, sha256, meter: &meter, history, price, is_live }.to_html()?)
    }

    fn token(args: &ServeArgs) -> Result<Option<Token>> {
        let Some(path) = &args.token_file else { return Ok(None) };
        let text = secret_file::read(path).map_err(|why| anyhow::anyhow!("--token-file: {why}"))?;
        Ok(Some(Token::new(&text).with_context(|| format!("--token-file {}", path.display()))?))
    }
}
