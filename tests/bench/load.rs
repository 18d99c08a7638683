//! Whole courses of invented people, as many as are wanted, told by the reference stories.

use std::path::Path;

/// Stories that are told over and over; each copy is another person.
const STORIES: [&str; 5] = [
    "spine-palliative-10",
    "breast-3d-20",
    "prostate-imrt-28",
    "liver-sbrt-3",
    "cervix-hdr-tandem",
];

/// The messages of one story, and what must differ from copy to copy.
struct Story {
    messages: Vec<String>,
    mrn: String,
    account: String,
    prefix: String,
}

/// Stories to copy from.
pub(crate) struct Load(Vec<Story>);

impl Load {
    /// Reads the stories.
    pub(crate) fn new() -> Load {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stories");
        Load(STORIES.iter().map(|name| Story::read(&folder.join(name).join("in"))).collect())
    }

    /// The framed messages of one person's course.
    pub(crate) fn course(&self, person: usize) -> Vec<Vec<u8>> {
        let story = &self.0[person % self.0.len()];
        let number = format!("9{person:07}");
        let prefix = format!("N{person:07}");
        let rename = |message: &String| {
            let renamed = message
                .replace(&story.mrn, &number)
                .replace(&story.account, &format!("A{number}"))
                .replace(&story.prefix, &prefix)
                .replace("|2.25.", &format!("|2.25.{person}"));
            format!("\x0b{renamed}\x1c\r").into_bytes()
        };
        story.messages.iter().map(rename).collect()
    }
}

impl Story {
    fn read(folder: &Path) -> Story {
        let mut files: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        let mut messages: Vec<String> = Vec::new();
        for file in files {
            for line in std::fs::read_to_string(file).unwrap().lines().filter(|it| !it.is_empty()) {
                if line.starts_with("MSH") {
                    messages.push(String::new());
                }
                let message = messages.last_mut().unwrap();
                message.push_str(line);
                message.push('\r');
            }
        }
        let field = |segment: &str, number: usize| {
            let text = messages.iter().flat_map(|message| message.split('\r'));
            let line = text.into_iter().find(|line| line.starts_with(segment)).unwrap();
            line.split('|').nth(number).unwrap().to_owned()
        };
        let mrn = field("PID", 3).split('^').next().unwrap().to_owned();
        let transaction = field("FT1", 2);
        let prefix = transaction.split('-').next().unwrap().to_owned();
        let account = field("PID", 18);
        Story { messages, mrn, account, prefix }
    }
}
