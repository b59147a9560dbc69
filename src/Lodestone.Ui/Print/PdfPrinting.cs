using System.Globalization;
using PdfSharp.Drawing;
using PdfSharp.Fonts;
using PdfSharp.Pdf;

namespace Lodestone.Ui;

/// <summary>Prints documents as PDF on A4, with a font of their own in them.</summary>
public static class PdfPrinting
{
    static PdfPrinting() => GlobalFontSettings.FontResolver = new ShippedFonts();

    /// <param name="created">Printed on no page, but kept in the file.</param>
    public static byte[] Print(PrintedDocument document, DateTimeOffset created)
    {
        using var pdf = new PdfDocument();
        pdf.Info.Title = document.Title;
        pdf.Info.CreationDate = created.UtcDateTime;
        using (var paper = new Paper(pdf, document.Title))
        {
            paper.Head(document);
            paper.Table(document.Table);
            paper.Totals(document.Totals);
            paper.Remarks(document.Remarks);
        }

        using var bytes = new MemoryStream();
        pdf.Save(bytes);
        return bytes.ToArray();
    }

    /// <summary>The page that is being printed, and how far down it is full.</summary>
    private sealed class Paper : IDisposable
    {
        private const double Margin = 50;
        private const double Line = 13;
        private const double Gap = 6;

        private static readonly XFont Plain = new(ShippedFonts.Family, 8.5);
        private static readonly XFont Bold = new(ShippedFonts.Family, 8.5, XFontStyleEx.Bold);
        private static readonly XFont Large = new(ShippedFonts.Family, 17, XFontStyleEx.Bold);
        private static readonly XPen Rule = new(XColors.LightGray, 0.5);
        private static readonly XBrush Faint = XBrushes.DimGray;

        private readonly PdfDocument _pdf;
        private readonly string _title;
        private XGraphics _page;
        private double _y;

        public Paper(PdfDocument pdf, string title)
        {
            (_pdf, _title) = (pdf, title);
            _page = NewPage();
        }

        private double Width => _page.PageSize.Width - (2 * Margin);

        private double Bottom => _page.PageSize.Height - Margin - Line;

        public void Head(PrintedDocument document)
        {
            foreach (var line in document.From)
            {
                Write(line, Plain, Faint, Margin);
            }

            _y += 2 * Line;
            var top = _y;
            foreach (var line in document.To.SelectMany(line => Wrapped(line, Plain, Width / 2)))
            {
                Write(line, Plain, XBrushes.Black, Margin);
            }

            var under = _y;
            _y = top;
            var (names, values) = (Margin + (Width * 0.58), Margin + (Width * 0.75));
            foreach (var fact in document.Facts)
            {
                var lines = Wrapped(fact.Value, Plain, Margin + Width - values);
                _page.DrawString(fact.Name, Plain, Faint, names, _y + Line);
                lines.ForEach(line => Write(line, Plain, XBrushes.Black, values));
            }

            _y = Math.Max(under, _y) + (2 * Line);
            _page.DrawString(document.Title, Large, XBrushes.Black, Margin, _y + 17);
            _y += 17 + Line + Gap;
        }

        public void Table(PrintedTable table)
        {
            var edges = EdgesOf(table.Columns);
            Headings(table.Columns, edges);
            foreach (var row in table.Rows)
            {
                var cells = row.Select((cell, at) => Wrapped(cell, Plain, edges[at + 1] - edges[at] - Gap)).ToList();
                var lines = cells.Max(cell => cell.Count);
                if (_y + (lines * Line) + Gap > Bottom)
                {
                    Turn();
                    Headings(table.Columns, edges);
                }

                for (var line = 0; line < lines; line++, _y += Line)
                {
                    foreach (var (at, cell) in cells.Index().Where(c => line < c.Item.Count))
                    {
                        Cell(cell[line], Plain, XBrushes.Black, table.Columns[at].IsNumber, edges[at], edges[at + 1]);
                    }
                }

                _y += Gap;
                _page.DrawLine(Rule, Margin, _y, Margin + Width, _y);
            }
        }

        public void Totals(IReadOnlyList<PrintedFact> totals)
        {
            _y += Gap;
            if (_y + (totals.Count * (Line + 2)) > Bottom)
            {
                Turn();
            }

            foreach (var (at, total) in totals.Index())
            {
                var font = at == totals.Count - 1 ? Bold : Plain;
                _page.DrawString(total.Name, font, XBrushes.Black, Margin + (Width * 0.58), _y + Line);
                Cell(total.Value, font, XBrushes.Black, isNumber: true, Margin, Margin + Width);
                _y += Line + 2;
            }

            _y += Line;
        }

        public void Remarks(IReadOnlyList<string> remarks)
        {
            foreach (var line in remarks.SelectMany(remark => Wrapped(remark, Plain, Width)))
            {
                if (_y + Line > Bottom)
                {
                    Turn();
                }

                Write(line, Plain, Faint, Margin);
            }
        }

        public void Dispose()
        {
            _page.Dispose();
            foreach (var (at, page) in _pdf.Pages.Cast<PdfPage>().Index())
            {
                using var graphics = XGraphics.FromPdfPage(page);
                graphics.DrawString(
                    string.Create(CultureInfo.InvariantCulture, $"{_title}, page {at + 1} of {_pdf.PageCount}"), Plain, Faint,
                    new XRect(Margin, graphics.PageSize.Height - Margin, graphics.PageSize.Width - (2 * Margin), Line), XStringFormats.TopRight);
            }
        }

        private XGraphics NewPage()
        {
            var page = _pdf.AddPage();
            page.Size = PdfSharp.PageSize.A4;
            _y = Margin;
            return XGraphics.FromPdfPage(page);
        }

        private void Turn()
        {
            _page.Dispose();
            _page = NewPage();
        }

        private double[] EdgesOf(IReadOnlyList<PrintedColumn> columns)
        {
            var all = columns.Sum(c => c.Share);
            var edges = new double[columns.Count + 1];
            edges[0] = Margin;
            foreach (var (at, column) in columns.Index())
            {
                edges[at + 1] = edges[at] + (Width * column.Share / all);
            }

            return edges;
        }

        private void Headings(IReadOnlyList<PrintedColumn> columns, double[] edges)
        {
            foreach (var (at, column) in columns.Index())
            {
                Cell(column.Name, Bold, Faint, column.IsNumber, edges[at], edges[at + 1]);
            }

            _y += Line + Gap;
            _page.DrawLine(Rule, Margin, _y, Margin + Width, _y);
        }

        private void Cell(string text, XFont font, XBrush brush, bool isNumber, double left, double right) =>
            _page.DrawString(text, font, brush, isNumber ? right - _page.MeasureString(text, font).Width : left, _y + Line);

        private void Write(string text, XFont font, XBrush brush, double left)
        {
            _page.DrawString(text, font, brush, left, _y + Line);
            _y += Line;
        }

        /// <summary>Broken at blanks, and within a word only where it alone is wider than there is room.</summary>
        private List<string> Wrapped(string text, XFont font, double width)
        {
            var lines = new List<string> { "" };
            foreach (var word in text.Split(' '))
            {
                var longer = lines[^1].Length == 0 ? word : $"{lines[^1]} {word}";
                if (Fits(longer))
                {
                    lines[^1] = longer;
                    continue;
                }

                if (lines[^1].Length > 0)
                {
                    lines.Add("");
                }

                foreach (var letter in word)
                {
                    if (!Fits(lines[^1] + letter) && lines[^1].Length > 0)
                    {
                        lines.Add("");
                    }

                    lines[^1] += letter;
                }
            }

            return lines;

            bool Fits(string line) => _page.MeasureString(line, font).Width <= width;
        }
    }

    /// <summary>DejaVu Sans, from this assembly: the same on every machine.</summary>
    private sealed class ShippedFonts : IFontResolver
    {
        public const string Family = "DejaVu Sans";

        public FontResolverInfo ResolveTypeface(string familyName, bool isBold, bool isItalic) => new(isBold ? "DejaVuSans-Bold.ttf" : "DejaVuSans.ttf");

        public byte[] GetFont(string faceName)
        {
            using var file = typeof(ShippedFonts).Assembly.GetManifestResourceStream($"Fonts/{faceName}")!; // one of the two above
            var bytes = new byte[file.Length];
            file.ReadExactly(bytes);
            return bytes;
        }
    }
}
