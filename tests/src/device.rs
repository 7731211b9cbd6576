//! What a page's device keeps, put there past the page.

use anyhow::Result;

use crate::page::Page;

impl Page {
    /// Has a text lie aside on this device, as what was refused does. `parts` is a script's array.
    ///
    /// # Errors
    /// When the device does not take it.
    pub async fn set_aside(&self, id: &str, parts: &str) -> Result<()> {
        let script = format!(
            "const [name, done] = arguments;
            const opening = indexedDB.open(name, 1);
            opening.onsuccess = () => {{
                const writing = opening.result.transaction('aside', 'readwrite');
                writing.objectStore('aside').add(JSON.stringify({{ at: 1795000000000, parts: {parts} }}));
                writing.oncomplete = () => (opening.result.close(), done(true));
            }};"
        );
        self.driver().execute_async(script, vec![format!("samsyn/{id}").into()]).await?;
        Ok(())
    }
}
