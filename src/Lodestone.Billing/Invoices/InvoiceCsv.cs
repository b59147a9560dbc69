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
            text.Append(CultureInfo.InvariantCulture, $"{form.Number},{line.Line},{line.Kind},{Field(line.Description)},{line.Quantity},{Field(line.UnitPrice)},{line.Exact},{line.Amount},{line.Tax},{form.Currency}\r\n");
        }

        return text.ToString();
    }

    /// <summary>In quotation marks, unless it is a number, and never what a spreadsheet would take for a formula.</summary>
    public static string Field(string text)
    {
        if (text.All(c => char.IsAsciiDigit(c) || c is '.' or '-'))
        {
            return text;
        }

        var safe = text[0] is '=' or '+' or '-' or '@' or '\t' ? "'" + text : text;
        return $"\"{safe.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }
}
