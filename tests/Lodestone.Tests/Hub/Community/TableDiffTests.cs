using Lodestone.Hub;

namespace Lodestone.Tests.Hub.Community;

public sealed class TableDiffTests
{
    [Fact]
    public void Rows_stand_for_those_they_are_like()
    {
        var diff = TableDiff.Of("a.csv", "city,day,degrees\nOslo,1,-4\nRome,1,11\nLima,1,24\n", "city,day,degrees\nOslo,1,-5\nBern,2,3\nRome,1,11\n");

        Assert.Equal(["± Oslo 1 -4>-5", "+ Bern 2 3", "= Rome 1 11", "− Lima 1 24"], Told(diff));
    }

    [Fact]
    public void A_new_column_changes_only_rows_that_have_something_in_it()
    {
        var diff = TableDiff.Of("a.tsv", "a\tgone\n1\tx\n2\ty\n", "a\tb\n1\t\n2\tnew\n");

        Assert.Equal(["a", "+b", "-gone"], diff!.Columns.Select(c => (c.IsNew ? "+" : c.IsGone ? "-" : "") + c.Name));
        Assert.Equal(["± 1  x>", "± 2 >new y>"], Told(diff));
    }

    [Fact]
    public void Quotes_may_hold_lines_and_unchanged_rows_fold()
    {
        var rows = string.Concat(Enumerable.Range(0, 20).Select(i => $"{i},\"line\nof {i}\"\n"));

        var diff = TableDiff.Of("a.csv", "n,text\n" + rows, "n,text\n" + rows.Replace("of 10\"", "of ten\"", StringComparison.Ordinal));

        Assert.Equal([TableRowKind.Fold, TableRowKind.Same, TableRowKind.Same, TableRowKind.Changed, TableRowKind.Same, TableRowKind.Same, TableRowKind.Fold], diff!.Rows.Select(r => r.Kind));
        Assert.Equal((8, 7), (diff.Rows[0].Number, diff.Rows[^1].Number));
    }

    [Fact]
    public void Lines_of_JSON_have_columns_too()
    {
        Assert.Equal(["= 1 x ", "± 2 y>z >true"], Told(TableDiff.Of("a.jsonl", "{\"a\":1,\"b\":\"x\"}\n{\"a\":2,\"b\":\"y\"}\n", "{\"a\":1,\"b\":\"x\"}\n{\"a\":2,\"b\":\"z\",\"c\":true}\n")));
    }

    [Theory]
    [InlineData("a.txt", "a,b\n1,2\n")]
    [InlineData("a.csv", "a,a\n1,2\n")]
    [InlineData("a.csv", "x,y\n1,2\n")]
    [InlineData("a.jsonl", "not json\n")]
    public void What_is_no_table_is_compared_by_lines(string path, string old)
    {
        Assert.Null(TableDiff.Of(path, old, "a,b\n1,3\n"));
    }

    private static IEnumerable<string> Told(TableDiff? diff) => diff!.Rows.Select(r => Sign(r.Kind) + " " + string.Join(' ', r.Cells.Select(c => r.Kind is TableRowKind.Changed && c.IsChanged ? $"{c.Old}>{c.New}" : c.New ?? c.Old)));

    private static string Sign(TableRowKind kind) => kind switch { TableRowKind.Added => "+", TableRowKind.Deleted => "−", TableRowKind.Changed => "±", _ => "=" };
}
