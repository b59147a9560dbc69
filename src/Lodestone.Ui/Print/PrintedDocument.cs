namespace Lodestone.Ui;

/// <summary>A business document for paper: who to whom, a table, sums, remarks. All texts are as they are to be read.</summary>
/// <param name="Title">Such as <c>Invoice LS-2026-000123</c>.</param>
/// <param name="From">Who sends it, line by line.</param>
/// <param name="To">To whom, line by line.</param>
/// <param name="Facts">Dates and the like, by name.</param>
/// <param name="Totals">Below the table; the last is the one that counts.</param>
public sealed record PrintedDocument(
    string Title, IReadOnlyList<string> From, IReadOnlyList<string> To, IReadOnlyList<PrintedFact> Facts, PrintedTable Table, IReadOnlyList<PrintedFact> Totals, IReadOnlyList<string> Remarks);

/// <summary>A name and what it is.</summary>
public sealed record PrintedFact(string Name, string Value);

/// <param name="Columns">From left to right.</param>
/// <param name="Rows">As many cells as there are columns, each.</param>
public sealed record PrintedTable(IReadOnlyList<PrintedColumn> Columns, IReadOnlyList<IReadOnlyList<string>> Rows);

/// <param name="Share">Of the width, relative to the others'.</param>
/// <param name="IsNumber">Stands at the right.</param>
public sealed record PrintedColumn(string Name, int Share, bool IsNumber = false);
