export function writeHistoryPage(..._: unknown[]): void {}
