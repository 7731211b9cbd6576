//! Addresses that a text may lead to, and such as no way out of a document lets through.

/// What is followed, shown, copied and exported, as it stands.
pub const FOLLOWED: [&str; 6] = [
    "https://x.se",
    "https://x.se/a_(b)*c*[d]?e=1&copy=2&amp;f#g",
    "http://min_server:8080/å",
    "https://räksmörgås.se/",
    "http://[::1]/",
    "mailto:a@b.se?subject=L%C3%A4ge",
];

/// What is text.
pub const HOSTILE: [&str; 52] = [
    "javascript:window.ran=1",
    "JaVaScRiPt:window.ran=1",
    "java\tscript:window.ran=1",
    "java\nscript:window.ran=1",
    "java\rscript:window.ran=1",
    "\u{1}javascript:window.ran=1",
    " javascript:window.ran=1",
    "javascript&colon;window.ran=1",
    "javascript:window.ran=1//https://x.se",
    "javascript://x.se/%0Awindow.ran=1",
    "data:text/html,<script>window.ran=1</script>",
    "vbscript:x",
    "file:///etc/passwd",
    "blob:https://x.se/1",
    "about:blank",
    "tel:112",
    "ftp://x.se/",
    "//x.se/",
    "/api/malbilder",
    "#x",
    "www.x.se",
    "",
    " https://x.se",
    "https://x.se ",
    "https://x.se\n",
    "https://x .se/",
    "https://a@evil.example/",
    "https://bank.se:x@evil.example/",
    "https://bank.se\\@evil.example/",
    "https:\\\\evil.example/",
    "https:/evil.example/",
    "https:evil.example",
    "https://bank.se%40evil.example/",
    "http://a\"><script>window.ran=1</script>",
    "http://a'\" onclick=window.ran=1",
    "http://a/)<b>",
    "http://a/`b`",
    "http://[",
    "http://[x]/",
    "http://a:99999/",
    "http://a^b/",
    "http://1.2.3.999/",
    "http://0x7f.1/",
    "http://2130706433/",
    "https://b\u{430}nk.se/",
    "https://x\u{3002}se/",
    "https://x.se\u{FF0F}evil.example/",
    "https://x\u{200B}.se/",
    "https://x.se/\u{202E}txt.exe",
    "https://x.se/\0",
    "mailto:a@b.se?attach=/etc/passwd",
    "mailto:a%0A@b.se",
];

/// Addresses that are too long, made when they are wanted.
#[must_use]
pub fn too_long() -> String {
    format!("https://x.se/{}", "a".repeat(100_000))
}
