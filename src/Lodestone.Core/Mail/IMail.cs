namespace Lodestone.Core;

/// <summary>Sends mail to people.</summary>
public interface IMail
{
    /// <summary>False: the operator has named no mail server, and nothing is sent.</summary>
    bool IsConfigured { get; }

    /// <summary>Returns when the mail server has taken it.</summary>
    Task SendAsync(Mail mail, CancellationToken cancel);
}

/// <param name="Id">The same for each try to send it, so that receivers can tell a second copy.</param>
/// <param name="To">An address.</param>
/// <param name="ToName">Of the person.</param>
/// <param name="Text">Plain text.</param>
/// <param name="UnsubscribeUrl">Takes a POST without any further question (RFC 8058); null for what somebody asked for just now.</param>
public sealed record Mail(Guid Id, string To, string ToName, string Subject, string Text, string? UnsubscribeUrl = null);
