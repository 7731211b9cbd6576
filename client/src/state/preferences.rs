//! How this browser shows the page: its language and its theme. What they look like is the style
//! sheets', what they say the catalogue's.

use super::storage::{self, Span};

/// A language of the page. The målbild's own text is in whatever language it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Swedish.
    Swedish,
    /// English.
    English,
}

impl Language {
    /// Both, the first one first.
    pub const ALL: [Self; 2] = [Self::Swedish, Self::English];

    /// The value of the `lang` attribute.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Swedish => "sv",
            Self::English => "en",
        }
    }

    /// The language that a tag such as `en-GB` means, if the page has it.
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next().unwrap_or_default();
        Self::ALL.into_iter().find(|language| primary.eq_ignore_ascii_case(language.tag()))
    }

    /// What was chosen here, else Swedish: the people who write a målbild together have it in
    /// common, whatever language their browsers were installed in.
    #[must_use]
    pub fn load() -> Self {
        storage::read(Span::Always, "language").and_then(|tag| Self::from_tag(&tag)).unwrap_or(Self::Swedish)
    }

    /// Chooses it for the next page load.
    pub fn save(self) {
        storage::write(Span::Always, "language", Some(self.tag()));
    }
}

/// Light and dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// As the device has it.
    System,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
    /// The strongest contrast, light or dark as the device has it.
    Contrast,
}

impl Theme {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 4] = [Self::System, Self::Light, Self::Dark, Self::Contrast];

    /// The value of the `data-theme` attribute.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
            Self::Contrast => "contrast",
        }
    }

    /// What was chosen here.
    #[must_use]
    pub fn load() -> Self {
        let name = storage::read(Span::Always, "theme").unwrap_or_default();
        Self::ALL.into_iter().find(|theme| theme.name() == name).unwrap_or(Self::System)
    }

    /// Chooses it.
    pub fn save(self) {
        storage::write(Span::Always, "theme", Some(self.name()));
        self.show();
    }

    /// Has the style sheets follow it.
    pub fn show(self) {
        let root = web_sys::window().and_then(|window| window.document()?.document_element());
        if let Some(root) = root {
            root.set_attribute("data-theme", self.name()).expect("the attribute's name is valid");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_regional_tag_means_its_language() {
        assert_eq!(Language::from_tag("en-GB"), Some(Language::English));
        assert_eq!(Language::from_tag("SV"), Some(Language::Swedish));
        assert_eq!(Language::from_tag("fi"), None);
    }
}
