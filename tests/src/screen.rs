//! What a page is looked at on: the sizes that people have, and the light they have chosen.

use std::path::Path;

use anyhow::{Result, ensure};
use serde_json::json;

use crate::browser::Kind;
use crate::page::Page;

/// A screen, in CSS pixels.
#[derive(Debug, Clone, Copy)]
pub struct Screen {
    /// The word in a file name.
    pub name: &'static str,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Whether it is touched.
    pub touched: bool,
}

/// On a desk.
pub const LAPTOP: Screen = Screen { name: "laptop", width: 1440, height: 900, touched: false };
/// In a lap, upright.
pub const TABLET: Screen = Screen { name: "tablet", width: 1024, height: 1366, touched: true };
/// In a hand.
pub const PHONE: Screen = Screen { name: "telefon", width: 390, height: 844, touched: true };
/// On the wall.
pub const PROJECTOR: Screen = Screen { name: "projektor", width: 1920, height: 1080, touched: false };

/// The system's colour scheme.
#[derive(Debug, Clone, Copy)]
pub enum Light {
    /// Dark on light.
    Bright,
    /// Light on dark.
    Dark,
}

impl Light {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Bright, Self::Dark];

    /// The word in a file name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bright => "ljus",
            Self::Dark => "mork",
        }
    }

    const fn feature(self) -> &'static str {
        match self {
            Self::Bright => "light",
            Self::Dark => "dark",
        }
    }
}

impl Page {
    /// Looks at the page on this screen from now on, and across reloads. Without DevTools it is a window of that size, or
    /// the smallest that there is; the light is what it was at the browser's start.
    ///
    /// # Errors
    /// When the browser does not do it.
    pub async fn look_on(&self, screen: Screen, light: Light) -> Result<()> {
        if self.kind() != Kind::Chromium {
            self.driver().set_window_rect(0, 0, screen.width, screen.height).await?;
            let dark =
                self.script("return matchMedia('(prefers-color-scheme: dark)').matches", vec![]).await?;
            ensure!(dark == matches!(light, Light::Dark), "the browser was started in another light");
            return Ok(());
        }
        let metrics = json!({
            "width": screen.width, "height": screen.height,
            "deviceScaleFactor": 1, "mobile": screen.touched,
        });
        let cdp = self.driver().cdp();
        cdp.send_raw("Emulation.setDeviceMetricsOverride", metrics).await?;
        cdp.send_raw("Emulation.setTouchEmulationEnabled", json!({"enabled": screen.touched})).await?;
        let scheme = json!({"name": "prefers-color-scheme", "value": light.feature()});
        // Nothing may be photographed on its way to where it is going.
        let still = json!({"name": "prefers-reduced-motion", "value": "reduce"});
        cdp.send_raw("Emulation.setEmulatedMedia", json!({"features": [scheme, still]})).await?;
        Ok(())
    }

    /// Photographs what the screen shows, once its fonts are there.
    ///
    /// # Errors
    /// When the browser or the disk does not do it.
    pub async fn photograph(&self, path: &Path) -> Result<()> {
        let fonts = "document.fonts.ready.then(() => arguments[0]())";
        self.driver().execute_async(fonts, vec![]).await?;
        self.painted().await?;
        Ok(self.driver().screenshot(path).await?)
    }
}
