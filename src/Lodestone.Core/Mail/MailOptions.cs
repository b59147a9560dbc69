namespace Lodestone.Core;

/// <summary>Settings under <c>Mail</c>: the server that takes our mail. Without a host no mail is sent.</summary>
public sealed record MailOptions
{
    /// <summary>Name of the SMTP server.</summary>
    public string? Host { get; init; }

    /// <summary>587 unless given.</summary>
    public int Port { get; init; } = 587;

    public MailSecurity Security { get; init; } = MailSecurity.StartTls;

    /// <summary>Absent: the server asks for no name.</summary>
    public string? User { get; init; }

    public string? Password { get; init; }

    /// <summary>Who our mail is from, such as <c>Lodestone &lt;lodestone@example.org&gt;</c>.</summary>
    public string From { get; init; } = "Lodestone <lodestone@localhost>";

    internal bool IsValid => Port is > 0 and <= ushort.MaxValue && MimeKit.MailboxAddress.TryParse(From, out _);
}

/// <summary>How the connection is encrypted.</summary>
public enum MailSecurity
{
    /// <summary>After a greeting in clear text; refused where the server cannot.</summary>
    StartTls,

    /// <summary>From the first byte.</summary>
    Tls,

    /// <summary>Not at all: for a server on this machine.</summary>
    None,
}
