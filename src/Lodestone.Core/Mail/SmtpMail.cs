using System.Globalization;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;

namespace Lodestone.Core;

/// <summary>Mail by SMTP, a connection for each.</summary>
internal sealed class SmtpMail(MailOptions options) : IMail
{
    public bool IsConfigured => options.Host is { Length: > 0 };

    public async Task SendAsync(Mail mail, CancellationToken cancel)
    {
        using var message = Message(mail);
        using var client = new SmtpClient();
        await client.ConnectAsync(options.Host ?? throw new InvalidOperationException("No mail server is named."), options.Port, Security(), cancel);
        if (options.User is { Length: > 0 } user)
        {
            await client.AuthenticateAsync(user, options.Password ?? "", cancel);
        }

        await client.SendAsync(message, cancel);
        await client.DisconnectAsync(quit: true, cancel);
    }

    internal MimeMessage Message(Mail mail)
    {
        var from = MailboxAddress.Parse(options.From);
        var message = new MimeMessage { Subject = mail.Subject, Body = new TextPart("plain") { Text = mail.Text } };
        message.From.Add(from);
        message.To.Add(new MailboxAddress(mail.ToName, mail.To));
        message.MessageId = string.Create(CultureInfo.InvariantCulture, $"{mail.Id:N}@{from.Domain}");
        if (mail.UnsubscribeUrl is not null)
        {
            message.Headers.Add(HeaderId.ListUnsubscribe, $"<{mail.UnsubscribeUrl}>");
            message.Headers.Add(HeaderId.ListUnsubscribePost, "List-Unsubscribe=One-Click");
        }

        message.Headers.Add("Auto-Submitted", "auto-generated");
        return message;
    }

    private SecureSocketOptions Security() => options.Security switch
    {
        MailSecurity.Tls => SecureSocketOptions.SslOnConnect,
        MailSecurity.None => SecureSocketOptions.None,
        _ => SecureSocketOptions.StartTls,
    };
}
