using System.Globalization;
using System.Text;

namespace Lodestone.Billing;

/// <summary>An invoice's lines as CSV (RFC 4180), with what the form says and nothing else.</summary>
internal static class InvoiceCsv
{
    public static string Of(InvoiceForm form)
    {
        var text = new StringBuilder("invoice,line,kind,description,quantity,unit_price,exact,amount,tax,currency\r\n");
        foreach (var line in form.Lines)
        {
            text.Append(CultureInfo.InvariantCulture, $"{form.Number},{line.Line},{line.Kind},{Quoted(line.Description)},{line.Quantity},{Quoted(line.UnitPrice)},{line.Exact},{line.Amount},{line.Tax},{form.Currency}\r\n");
        }

        return text.ToString();
    }

    // A spreadsheet takes what begins with one of these for a formula.
    private static string Quoted(string text)
    {
        var safe = text.Length > 0 && text[0] is '=' or '+' or '-' or '@' or '\t' ? "'" + text : text;
        return $"\"{safe.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }
}
