//! Words that some language keeps for itself.

/// In lower case, whatever case the language wants: words that would not parse as a name, from the languages' own lists (ISO/IEC 9075-2 with what Flink, MySQL, ClickHouse and ksqlDB add; JLS 3.9; Python's `keyword.kwlist`; ECMA-262
/// 12.7.2; ISO/IEC 9899 6.4.1).
pub(super) const RESERVED: &[(&str, &str)] = &[
    (
        "SQL",
        "all alter analyse analyze and any array as asc asymmetric at authorization avg before begin between bigint binary
         blob boolean both by call cascade case cast change char character check collate collation column commit
         concurrently condition constraint continue convert count create cross cube current current_catalog current_date
         current_path current_role current_row current_schema current_time current_timestamp current_user cursor database
         databases date day day_hour day_minute day_second dec decimal declare default deferrable delayed delete dense_rank
         desc describe deterministic distinct distinctrow div do double drop dual each else elseif emit empty enclosed end
         escape escaped except exists exit explain extract false fetch filter first_value float float4 float8 for force
         foreign freeze from full fulltext function generated get glob global grant group grouping groups having
         high_priority hour hour_minute hour_second if ignore ilike import in index infile initially inner inout insert
         int int1 int2 int3 int4 int8 integer intersect interval into is isnull iterate join json_table key keys kill lag
         last_value lateral lead leading leave left like limit linear lines load local localtime localtimestamp lock
         long longblob longtext loop low_priority match materialized max maxvalue mediumblob mediumint mediumtext
         middleint min minute minute_second mod modifies month natural no not notnull nth_value ntile null numeric of
         offset on only optimize option optionally or order out outer outfile over overlaps partition percent_rank
         placing position precision primary procedure purge range rank read reads real recursive references regexp
         release rename repeat replace require resignal restrict return returning revoke right rlike row row_number rows
         schema schemas second select semi sensitive separator session_user set show signal similar smallint some
         spatial specific sql sqlexception sqlstate sqlwarning ssl starting stored straight_join stream streams struct
         sum symmetric system table tables tablesample terminated then time timestamp tinyblob tinyint tinytext to topic
         trailing trigger true truncate undo union unique unlock unnest unsigned update upsert usage use user using
         utc_date utc_time utc_timestamp value values varbinary varchar varcharacter variadic varying verbose view
         virtual when where while window with within without write xor year year_month zerofill",
    ),
    (
        "Java",
        "abstract assert boolean break byte case catch char class const continue default do double else enum extends false
         final finally float for goto if implements import instanceof int interface long native new null package private
         protected public record return short static strictfp super switch synchronized this throw throws transient true
         try var void volatile while yield _",
    ),
    (
        "Python",
        "and as assert async await break class continue def del elif else except false finally for from global if import in
         is lambda match none nonlocal not or pass raise return true try while with yield",
    ),
    (
        "JavaScript",
        "arguments await break case catch class const continue debugger default delete do else enum eval export extends false
         finally for function if implements import in infinity instanceof interface let nan new null package private
         protected public return static super switch this throw true try typeof undefined var void while with yield",
    ),
    (
        "C",
        "alignas alignof auto bool break case char complex const continue default do double else enum extern float for goto
         if imaginary inline int long main register restrict return short signed sizeof static struct switch typedef
         union unsigned void volatile while",
    ),
    // What would take the place of something that is there already, or be taken for it.
    (
        "SQL (PostgreSQL's and DuckDB's)",
        "anti asof bit national nchar normalize pivot pivot_longer pivot_wider positional qualify setof summarize
         unpack unpivot xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot
         xmlserialize xmltable",
    ),
    (
        "SQL, where it is a function",
        "abs any_value arg_max arg_min array_agg avg bit_and bit_or cast ceil ceiling chr coalesce concat count
         date_add date_diff date_part date_sub date_trunc dayofmonth decode encode epoch epoch_ms exp first floor
         format format_date from_unixtime generate_series greatest grouping_id has hash hex ifnull iif initcap instr
         isnan last least len length list ln log log10 log2 lower lpad ltrim max md5 median min minute mode nvl now
         nullif overlay position pow power printf quantile random range regexp_matches replace reverse round rpad
         rtrim sha1 sign sqrt stddev strftime strptime substr substring sum to_timestamp todayofmonth toint64
         tounixtimestamp translate treat trim trunc try_cast typeof unix_timestamp upper uuid variance version",
    ),
    ("Java, where it is a class", "arrays boxed bytebuffer instant integer math number object override recent string stringtokenizer system"),
    ("JavaScript, where it is an object", "console math number object"),
    (
        "Python, where it is a module",
        "abc aifc antigravity argparse array ast asynchat asyncio asyncore atexit audioop base64 bdb binascii bisect
         builtins bz2 cProfile calendar cgi cgitb chunk cmath cmd code codecs codeop collections colorsys compileall
         concurrent configparser contextlib contextvars copy copyreg crypt csv ctypes curses dataclasses datetime dbm
         decimal difflib dis distutils doctest email encodings ensurepip enum errno faulthandler fcntl filecmp
         fileinput fnmatch fractions ftplib functools gc genericpath getopt getpass gettext glob graphlib grp gzip
         hashlib heapq hmac html http idlelib imaplib imghdr imp importlib inspect io ipaddress itertools json keyword
         lib2to3 linecache locale logging lzma mailbox mailcap marshal math mimetypes mmap modulefinder msilib msvcrt
         multiprocessing netrc nis nntplib nt ntpath nturl2path numbers opcode operator optparse os ossaudiodev
         pathlib pdb pickle pickletools pipes pkgutil platform plistlib poplib posix posixpath pprint profile pstats
         pty pwd py_compile pyclbr pydoc pydoc_data pyexpat queue quopri random re readline reprlib resource
         rlcompleter runpy sched secrets select selectors shelve shlex shutil signal site smtpd smtplib sndhdr socket
         socketserver spwd sqlite3 sre_compile sre_constants sre_parse ssl stat statistics string stringprep struct
         subprocess sunau symtable sys sysconfig syslog tabnanny tarfile telnetlib tempfile termios textwrap this
         threading time timeit tkinter token tokenize tomllib trace traceback tracemalloc tty turtle turtledemo types
         typing unicodedata unittest urllib uu uuid venv warnings wave weakref webbrowser winreg winsound wsgiref
         xdrlib xml xmlrpc zipapp zipfile zipimport zlib zoneinfo",
    ),
    (
        "C, where it is a header",
        "assert complex ctype errno features fenv float inttypes iso646 limits locale math setjmp signal stdalign
         stdarg stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string tgmath threads time uchar wchar wctype",
    ),
];

/// What is put behind names: of two such names one would be taken for a part of the other.
pub(super) const ENDINGS: [&str; 15] = [
    "_any_day",
    "_at",
    "_boxed",
    "_cell",
    "_class",
    "_day",
    "_floor",
    "_holidays",
    "_hour",
    "_local",
    "_on",
    "_rise",
    "_segments",
    "_spans",
    "_step",
];

/// What is put before names that are not a user's.
pub(super) const BEGINNINGS: [&str; 2] = ["knowatt_", "sqlite_"];
