/** Columns of a packed panel: 8, or 16 for engines that merge neighbouring vectors. Given by each target of asconfig.json. */
declare const PANEL_COLUMNS: usize;
